"""Read any picture safely, write it atomically."""

import os
import warnings
from contextlib import AbstractContextManager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, UnidentifiedImageError

from polycolor_cli.errors import FileError
from polycolor_cli.files import write_whole

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""What pictures are written as, by extension."""

READABLE = {*FORMATS, ".gif"}
"""Extensions of the pictures that are read."""

MAX_PIXELS = 150_000_000
"""The largest picture that is read, in pixels."""


ORIENTATION = 0x0112
"""The EXIF tag that says which way up a photograph is."""


SOFTWARE = 0x0131
"""The EXIF tag that says what wrote a picture."""
_MARKED = "polycolor "
_MARKABLE = ("PNG", "JPEG", "WEBP", "TIFF")
_KNOWN = sorted({*FORMATS.values(), "GIF"})


class PictureError(FileError):
    """A picture that cannot be read or written: which one, and why."""


def read_picture(source: Path | bytes, name: str | None = None) -> Image.Image:
    """A picture as it looks to a person, in mode `L` (gray) or `RGB`.

    PNG, JPEG, WebP, BMP, TIFF and GIF (its first frame), of any depth; turned upright by its EXIF
    tag, transparency laid on white. `name` is what errors call it, the path by default.
    Raises PictureError for anything that is not such a picture, or has over 150 million pixels.
    """
    name = name or (str(source) if isinstance(source, Path) else "the picture")
    try:
        data = source.read_bytes() if isinstance(source, Path) else source
    except FileNotFoundError:
        raise PictureError(f"{name}: no such file") from None
    except OSError as error:
        raise PictureError(f"{name}: cannot be read ({error.strerror or error})") from None
    return seen(opened(data, name), name)


def opened(data: bytes, name: str) -> Image.Image:
    """A picture of which only the header is read: its size is known, and within the limit.

    Raises PictureError as `read_picture` does; `name` is what that calls it.
    """
    if not data:
        raise PictureError(f"{name}: the file is empty")
    try:
        with _unwarned():
            image = Image.open(BytesIO(data), formats=_KNOWN)
    except UnidentifiedImageError:
        raise PictureError(f"{name}: not a PNG, JPEG, WebP, BMP, TIFF or GIF picture") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{name}: over the limit of {MAX_PIXELS // 10**6} million pixels") from None
    except Exception as error:
        raise PictureError(f"{name}: damaged picture ({error})") from None
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(
            f"{name}: {image.width} x {image.height} is over the limit of {MAX_PIXELS // 10**6} million pixels"
        )
    return image


def seen(image: Image.Image, name: str) -> Image.Image:
    """An opened picture as it looks to a person, in mode `L` (gray) or `RGB`. Raises PictureError."""
    try:
        with _unwarned():
            image.load()
            return _as_seen(image)
    except Exception as error:
        # decoders meet damage in many ways, and raise as many kinds of error
        raise PictureError(f"{name}: damaged or cut-off picture ({error})") from None


def _unwarned() -> AbstractContextManager[None]:
    """Pillow warns of large pictures from a smaller size on, and of each of a damaged file's faults."""
    return warnings.catch_warnings(action="ignore")


def _as_seen(image: Image.Image) -> Image.Image:
    if image.getexif().get(ORIENTATION, 1) != 1:
        from PIL import ImageOps

        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_8_bits(np.asarray(image), image.mode))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image).convert("RGB")
    if image.mode in ("1", "L"):
        return image.convert("L")
    image = image.convert("RGB")
    red, green, blue = image.split()
    # a gray picture saved with three channels is still a gray picture
    return image if any(ImageChops.difference(red, other).getbbox() for other in (green, blue)) else red


def _to_8_bits(values: NDArray, mode: str) -> NDArray[np.uint8]:
    if mode == "F":
        values = np.nan_to_num(values)
        scale = 255.0 if values.max(initial=0) <= 1 else 1.0
        return np.clip(np.round(values * scale), 0, 255).astype(np.uint8)
    wide = mode.startswith("I;16") or values.max(initial=0) > 255
    return np.clip(values // 257 if wide else values, 0, 255).astype(np.uint8)


def write_picture(image: Image.Image, path: Path) -> None:
    """Write a picture in the format of the path's extension, whole or not at all.

    Raises PictureError for an unknown extension and a transparent picture in a format without
    transparency, and FileError for a place that cannot be written.
    """
    write_whole(path, encode(image, format_of(path), str(path)))


def format_of(path: Path) -> str:
    """The format that a path's extension names. Raises PictureError where it names none."""
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(sorted(FORMATS))
        what = f"unknown extension {path.suffix!r}" if path.suffix else "no extension"
        raise PictureError(f"{path}: {what}; write to one of {known}") from None


def encode(
    image: Image.Image | NDArray[np.uint8],
    format: str = "PNG",
    name: str = "the picture",
    mark: str = "",
    fast: bool = False,
) -> bytes:
    """A picture as the bytes of a file. Only JPEG loses anything.

    image: one of Pillow's, or its pixels: gray, RGB or RGBA.
    mark: a word for `mark_of` to find again, kept where files name the software that wrote them.
    fast: a little larger, much sooner; a PNG only from pixels.
    """
    exif = _software(f"{_MARKED}{mark}") if mark else b""
    if isinstance(image, np.ndarray):
        if fast and format == "PNG":
            return _png(image, exif)
        image = Image.fromarray(image)
    if image.mode in ("RGBA", "LA") and format in ("JPEG", "BMP"):
        raise PictureError(f"{name}: {format} has no transparency; write a PNG or a WebP")
    options: dict[str, dict[str, object]] = {
        "PNG": {"compress_level": 4},
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": {"lossless": True, "method": 0 if fast else 4},
        "TIFF": {"compression": "tiff_deflate"},
    }
    buffer = BytesIO()
    given = options.get(format, {})
    if exif:
        given = given | {"exif": exif}
    try:
        image.save(buffer, format, **given)
    except (OSError, ValueError) as error:
        raise PictureError(f"{name}: cannot be written as {format} ({error})") from None
    return buffer.getvalue()


def _software(name: str) -> bytes:
    """EXIF data that names a software."""
    before, after = _around_software(len(name))
    return before + name.encode("ascii") + after


@lru_cache
def _around_software(letters: int) -> tuple[bytes, bytes]:
    """EXIF data before and after the name of a software; Pillow takes as long to make some as to paint a picture."""
    exif = Image.Exif()
    exif[SOFTWARE] = "x" * letters
    before, after = exif.tobytes().split(b"x" * letters)
    return before, after


def _png(pixels: NDArray[np.uint8], exif: bytes) -> bytes:
    """A PNG in a third of Pillow's time, which tries five filters on every line; drawings are no larger without any."""
    import cv2

    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    how = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
    about = np.frombuffer(exif.removeprefix(b"Exif\0\0"), np.uint8)
    kinds = [cv2.IMAGE_METADATA_EXIF] if exif else []
    return cv2.imencodeWithMetadata(".png", pixels, kinds, [about][: len(kinds)], how)[1].tobytes()


def can_be_marked(path: Path) -> bool:
    """Whether a picture of the path's extension keeps a mark."""
    return FORMATS.get(path.suffix.lower()) in _MARKABLE


def mark_of(path: Path) -> str | None:
    """The mark that a picture was encoded with; empty: by somebody else; None: no picture there, or a damaged one."""
    try:
        with path.open("rb") as file, _unwarned():
            image = Image.open(file, formats=_KNOWN)
            software = str(image.getexif().get(SOFTWARE, ""))
            whole = _is_whole(file, image.format or "")
    except Exception:
        return None
    if not software.startswith(_MARKED):
        return ""
    return software.removeprefix(_MARKED) if whole else None


def _is_whole(file: BinaryIO, format: str) -> bool:
    """Whether a file that says it is ours has its end too."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 12))
    end = file.read()
    if format == "WEBP":
        file.seek(4)
        return int.from_bytes(file.read(4), "little") == size - 8
    return {"PNG": end[4:8] == b"IEND", "JPEG": end.endswith(b"\xff\xd9")}.get(format, True)


Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]


def halved(planes: Planes) -> Planes:
    """Smallest, mean and largest gray, uint8 (H, W) each, at half the size; H and W are even.

    Averages alone would wash thin ink away; the extremes keep it.
    """

    def pairs(plane: NDArray[np.uint8], better: np.ufunc) -> NDArray[np.uint8]:
        rows = better(plane[0::2], plane[1::2])
        return better(rows[:, 0::2], rows[:, 1::2])

    smallest, mean, largest = planes
    return pairs(smallest, np.minimum), np.asarray(Image.fromarray(mean).reduce(2)), pairs(largest, np.maximum)
