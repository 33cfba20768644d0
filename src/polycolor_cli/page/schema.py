"""The HTTP API in the words of OpenAPI 3.1, for the programs that read it."""

from typing import Any

from polycolor_cli.page.guard import MOST_BYTES


def _form(**fields: tuple[dict[str, Any], str]) -> dict[str, Any]:
    properties = {"picture": {"type": "string", "format": "binary", "description": "PNG, JPEG, WebP, BMP, TIFF or GIF"}}
    properties["name"] = {"type": "string", "description": "The file's name, where the form's own cannot hold it."}
    properties |= {name: kind | {"description": description} for name, (kind, description) in fields.items()}
    form = {"schema": {"type": "object", "required": ["picture"], "properties": properties}}
    return {"required": True, "content": {"multipart/form-data": form}}


def _refused(description: str) -> dict[str, Any]:
    error = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    return {"description": description, "content": {"application/json": {"schema": error}}}


_PNG = {"image/png": {"schema": {"type": "string", "format": "binary"}}}
_TEXT: dict[str, Any] = {"type": "string"}
_REFUSALS = {
    "400": _refused("No form that can be read, or no picture in it."),
    "403": _refused("Asked by another name, or by another site."),
    "408": _refused("The request took too long to arrive."),
    "413": _refused(f"Over {MOST_BYTES >> 20} MB, or over 40 million pixels."),
    "415": _refused("Not multipart/form-data."),
    "422": _refused("What `polycolor colorize` would refuse: no picture, no such colour, a point in no region."),
    "429": _refused("Too many requests at once; Retry-After says when to come again."),
    "503": _refused("The picture took too long, or the process that was at it ended."),
}
_BY = ({"enum": ["region", "shape"], "default": "region"}, "What each, and a map, take as one.")
_EACH = (_TEXT, "Colours for all regions, neighbours different ones: red,gold,teal, pastel, bright or random:SEED.")

SCHEMA: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "polycolor", "description": "Fill drawn shapes with a colour.", "license": {"name": "MIT"}},
    "paths": {
        "/fill": {
            "post": {
                "operationId": "fill",
                "summary": "A picture with its shape filled, or some of its regions, or each.",
                "requestBody": _form(
                    color=(_TEXT, "A name, #rrggbb, rgb(), hsl(), oklch() ..."),
                    at=(
                        {"type": "array", "items": _TEXT},
                        "Regions to fill alone, each by a point: x,y=COLOR in pixels or x%,y%=COLOR; may be repeated.",
                    ),
                    each=_EACH,
                    by=_BY,
                    lines=({"enum": ["fill", "keep"]}, "fill paints over them, usual; keep is usual with at and each."),
                    background=({"type": "string", "default": "keep"}, "keep, transparent, or a colour."),
                    holes=({"enum": ["fill", "keep"], "default": "fill"}, "keep leaves rings and letters open."),
                    only=({"enum": ["all", "enclosed"], "default": "all"}, "enclosed leaves loose ink alone."),
                    mask=({"type": "boolean", "default": False}, "The coverage in gray instead of a painting."),
                ),
                "responses": {
                    "200": {
                        "description": "The picture, under the name that `polycolor colorize` would give it.",
                        "headers": {
                            "X-Polycolor-State": {
                                "schema": {"enum": ["filled", "empty", "doubtful"]},
                                "description": "What became of it.",
                            }
                        },
                        "content": _PNG,
                    },
                    **_REFUSALS,
                },
            }
        },
        "/regions": {
            "post": {
                "operationId": "regions",
                "summary": "The regions of a picture: their numbers as a gray picture of 16 bits, or a table as JSON.",
                "requestBody": _form(by=_BY, each=_EACH),
                "responses": {
                    "200": {
                        "description": "By what Accept says, image/png without it.",
                        "content": _PNG
                        | {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "count": {"type": "integer"},
                                        "regions": {
                                            "type": "array",
                                            "items": {
                                                "type": "object",
                                                "properties": {
                                                    "region": {"type": "integer"},
                                                    "area": {"type": "integer", "description": "pixels"},
                                                    "box": {
                                                        "type": "array",
                                                        "items": {"type": "integer"},
                                                        "description": "left, top, right, bottom",
                                                    },
                                                    "point": {"type": "array", "items": {"type": "integer"}},
                                                    "color": {"type": "string", "description": "with each"},
                                                },
                                            },
                                        },
                                    },
                                }
                            }
                        },
                    },
                    **_REFUSALS,
                },
            }
        },
        "/healthz": {
            "get": {
                "operationId": "health",
                "summary": "Whether it answers.",
                "responses": {"200": {"description": "It does.", "content": {"application/json": {}}}},
            }
        },
    },
}
"""The schema, but for the version, which who serves it knows."""
