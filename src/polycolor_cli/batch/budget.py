"""How many pixels are open at once, however many processes there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class PixelBudget:
    """Pixels that may be open at once, in all processes together; one picture alone may be larger."""

    def __init__(self, context: Any, pixels: int) -> None:
        self._pixels, self._changed = pixels, context.Condition()
        self._free = context.Value("q", pixels, lock=False)

    @contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        pixels = min(pixels, self._pixels)
        with self._changed:
            self._changed.wait_for(lambda: self._free.value >= pixels)
            self._free.value -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free.value += pixels
                self._changed.notify_all()
