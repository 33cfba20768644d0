"""The page's server: one socket, until somebody ends it."""

import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from polycolor_cli.errors import PolycolorError
from polycolor_cli.page.app import build
from polycolor_cli.page.workers import Workers

if TYPE_CHECKING:
    from polycolor_cli.fill.colorizer import Colorizer

PORT = 8425
"""Where the page is, where nothing else is asked for and nobody else is there."""
MOST_CONNECTIONS = 1000
"""Connections at once; more are told that the page is busy."""
LOCAL = ("127.0.0.1", "localhost", "::1")


class Page:
    """A page that listens, and serves once it runs; `set` ends it, from a signal too.

    host, port: the address to listen at, port 0 for any that is free, None for the usual one or any. given: pictures
    to show first. page: whether there is a page, or the API alone. Raises PolycolorError where it cannot listen.
    """

    def __init__(
        self,
        colorizer: "Colorizer",
        host: str = LOCAL[0],
        port: int | None = None,
        given: Sequence[Path] = (),
        page: bool = True,
    ) -> None:
        self._socket = _listening(host, port)
        self._workers = Workers(colorizer)
        self._workers.begin()
        hosts = {*LOCAL, "[::1]"} if self.is_local else {*LOCAL, "[::1]", host, socket.gethostname()}
        app = build(self._workers, hosts, not self.is_local, given, page)
        self._server = _Server(
            uvicorn.Config(
                app, loop="asyncio", ws="none", lifespan="off", log_level="critical", access_log=False,
                server_header=False, proxy_headers=False, limit_concurrency=MOST_CONNECTIONS,
            )
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Where it is."""
        host, port = self._socket.getsockname()[:2]
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{port}/"

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine can reach it."""
        host = self._socket.getsockname()[0]
        return host.startswith("127.") or host == "::1"

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until it is told to end; `ready` is called when it answers."""
        self._server.ready = ready
        try:
            self._server.run([self._socket])
        finally:
            self._workers.end()

    def set(self) -> None:
        """End it."""
        self._server.should_exit = self._server.force_exit = True


class _Server(uvicorn.Server):
    """One that says when it answers, and leaves signals to whoever runs it."""

    ready: Callable[[], None]

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()


def show(url: str) -> None:
    """Open a page in the browser of whoever sits here, and wait for none."""
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _listening(host: str, port: int | None) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, PORT if port is None else port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise PolycolorError(f"--host {host}: is no name or address of this machine") from None
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            listening.bind(address)
        except OSError:
            if port is not None:
                raise
            listening.bind((address[0], 0, *address[2:]))
    except OSError as error:
        raise PolycolorError(f"--host {host} --port {port}: {(error.strerror or str(error)).lower()}") from None
    return listening
