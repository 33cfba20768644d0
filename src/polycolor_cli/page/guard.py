"""What stands before the page: who may ask, how much, and what a browser is told of it.

Other sites that a person visits can reach this machine through their browser. They are kept out by the names that it
sends along: of the host that was asked (against DNS rebinding), and of the site that asks (against cross-site posts).
"""

import asyncio
import ipaddress
from collections.abc import Collection

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 64 * 1024 * 1024
"""The largest request that is read."""
PATIENCE = 30
"""Seconds that a request's body may take to arrive."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer."""
CLOSED = {"Connection": "close"}


class TooMuch(Exception):  # noqa: N818
    """A body that is larger, or slower, than is waited for: the status that says so, and a line."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


class Guard:
    """An ASGI application behind these checks; reading a body in it may raise TooMuch.

    hosts: names that this machine may be asked by; addresses: whether it may be asked by any address as well, as
    where it listens on all of them. An address cannot be rebound.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], addresses: bool = False) -> None:
        self.app, self.hosts, self.addresses = app, {host.lower() for host in hosts}, addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
                    *message["headers"],
                ]
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if reason := self._reason_against(scope, headers):
            # what is left of its body is not read
            await refused(*reason, CLOSED)(scope, receive, guarded)
            return
        read, deadline = 0, asyncio.get_running_loop().time() + PATIENCE

        async def counted() -> Message:
            nonlocal read
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise TooMuch(408, f"the request did not arrive within {PATIENCE} seconds") from None
            read += len(message.get("body", b""))
            if read > MOST_BYTES:
                raise TooMuch(413, _too_large())
            return message

        await self.app(scope, counted, guarded)

    def _reason_against(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return 403, f"{host!r} is not a name of this page"
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return 403, f"{origin!r} may not ask this page"
        is_visit = scope["method"] in ("GET", "HEAD") and headers.get("sec-fetch-mode", "navigate") == "navigate"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not is_visit:
            return 403, "another site may not ask this page"
        if (length := headers.get("content-length", "0")).isdecimal() and int(length) > MOST_BYTES:
            return 413, _too_large()
        return None

    def _is_ours(self, host: str) -> bool:
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        if name.lower() in self.hosts:
            return True
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return self.addresses


def _too_large() -> str:
    return f"the request is over {MOST_BYTES >> 20} MB"


def refused(status: int, line: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An answer that says in one line why there is none."""
    return JSONResponse({"error": line}, status, headers)
