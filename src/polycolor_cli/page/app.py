"""What is asked where: the page's files, the HTTP API for programs, and what the page asks beside it."""

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from starlette.applications import Starlette
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from polycolor_cli import __version__
from polycolor_cli.color import PALETTE, ColorError, hex_of, parse_color
from polycolor_cli.page.guard import CLOSED, MOST_BYTES, Guard, TooMuch, refused
from polycolor_cli.page.schema import SCHEMA
from polycolor_cli.page.workers import Failed, Full, Workers

STATIC = Path(__file__).parent / "static"
MOST_FIELDS = 2000
"""Fields of one form, of which each point is one."""


def build(workers: Workers, hosts: Collection[str], addresses: bool, given: Sequence[Path], page: bool) -> Guard:
    """The application: an API alone, or with the `page` that shows the `given` pictures first.

    hosts, addresses: as of `Guard`.
    """

    async def about(request: Request) -> Response:
        colors = {name: hex_of(rgb) for name, rgb in PALETTE.items()}
        names = [path.name for path in given]
        return JSONResponse({"version": __version__, "palette": colors, "given": names, "most_bytes": MOST_BYTES})

    async def given_picture(request: Request) -> Response:
        number = request.path_params["number"]
        if number < len(given) and given[number].is_file():
            return FileResponse(given[number])
        return refused(404, "there is no such picture")

    async def index(request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    routes = [
        Route("/fill", partial(_answered, workers, "fill"), methods=["POST"]),
        Route("/regions", partial(_answered, workers, "regions"), methods=["POST"]),
        Route("/healthz", health),
        Route("/openapi.json", schema),
    ]
    if page:
        routes += [
            Route("/", index),
            Route("/planes", partial(_answered, workers, "planes"), methods=["POST"]),
            Route("/color", color),
            Route("/about", about),
            Route("/given/{number:int}", given_picture),
            Mount("/static", StaticFiles(directory=STATIC)),  # type: ignore[list-item]
        ]
    app = Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_found, TooMuch: _too_much})
    return Guard(app, hosts, addresses)


async def health(request: Request) -> Response:
    return JSONResponse({"status": "ok", "version": __version__})


async def schema(request: Request) -> Response:
    return JSONResponse(SCHEMA | {"info": SCHEMA["info"] | {"version": __version__}})


async def color(request: Request) -> Response:
    """What a colour that somebody typed is, for the page to paint with."""
    try:
        rgb = parse_color(request.query_params.get("c", ""))
    except ColorError as error:
        return refused(422, str(error))
    return JSONResponse({"rgb": rgb, "hex": hex_of(rgb)})


async def _answered(workers: Workers, what: str, request: Request) -> Response:
    """What a worker answers to a form with a picture."""
    from polycolor_cli.page.work import JSON, Job

    try:
        with workers:
            form = await _form(request)
            if isinstance(form, Response):
                return form
            picture = form.get("picture")
            if not isinstance(picture, UploadFile):
                return refused(400, "there is no picture: send a form (multipart/form-data) with a file in 'picture'")
            fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
            if JSON in request.headers.get("accept", ""):
                fields.append(("accept", JSON))
            given = form.get("name") or picture.filename or ""
            name = PurePosixPath(str(given).replace("\\", "/")).name or "picture"
            answer = await workers.answer(Job(what, await picture.read(), name, tuple(fields)))
    except Full:
        # an answer to what is still being sent would be lost with the connection
        async for _ in request.stream():
            pass
        return refused(429, "too many requests at once; try again in a moment", {"Retry-After": "1"})
    except Failed as error:
        return refused(503, str(error))
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


async def _form(request: Request) -> FormData | Response:
    """The fields of a multipart form, all of it in memory, or why there are none."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return refused(415, "send a form: multipart/form-data")
    parser = MultiPartParser(request.headers, request.stream(), max_files=1, max_fields=MOST_FIELDS)
    # nothing is written to this machine
    parser.spool_max_size = MOST_BYTES
    try:
        return await parser.parse()
    except (MultiPartException, KeyError) as error:
        return refused(400, f"the form cannot be read ({getattr(error, 'message', error)})")


async def _not_found(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    return refused(status, f"{request.method} {request.url.path} is not answered here")


async def _too_much(request: Request, error: Exception) -> Response:
    # what is left of it is not read
    return refused(getattr(error, "status", 413), str(error), CLOSED)
