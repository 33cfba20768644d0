"""Whether bytes are a model of polycolor's, found out before anything runs them.

A model file is input like any other: it may be damaged, something else, or made to do harm.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from polycolor_cli.errors import PolycolorError

METADATA = "polycolor"
"""The key under which a model file says what it is."""

INPUTS = {
    "coverage": ({"drawing"}, {"drawing", "guess"}),
    "rgb": ({"drawing", "color"},),
    "embedding": ({"drawing", "color"},),
    "text-film": ({"drawing", "color"},),
}
"""The inputs that a model may have, by its conditioning."""
DOMAINS = ("", "ai.onnx", "com.microsoft")
"""Where its operators may come from: ONNX itself and ONNX Runtime."""


class ModelError(PolycolorError):
    """A model that cannot be found or used; the message says why."""


def check(data: bytes, name: str) -> bytes:
    """The bytes again. Raises ModelError, which says why, where they are no sound model of polycolor's."""
    if data[:1] == b"\x80" or data[:2] == b"PK":
        raise ModelError(f"{name}: a pickle or an archive, which could run anything; polycolor reads .onnx files only")
    import onnx

    try:
        model = onnx.load_model_from_string(data)
    except Exception:
        raise ModelError(f"{name}: not an ONNX file, or a damaged one") from None
    if not model.graph.node:
        raise ModelError(f"{name}: not an ONNX file, or one without a network")
    for graph in _graphs(model.graph):
        if any(_is_elsewhere(tensor) for tensor in _tensors(graph)):
            raise ModelError(f"{name}: keeps its weights in other files; a model of polycolor's is one file")
        foreign = sorted({node.domain for node in graph.node} - set(DOMAINS))
        if foreign:
            raise ModelError(f"{name}: has operators of {foreign[0]!r}, which polycolor does not run")
    about = {entry.key: entry.value for entry in model.metadata_props}.get(METADATA)
    if about is None:
        raise ModelError(f"{name}: an ONNX file, but not a model of polycolor's")
    try:
        described = json.loads(about)
        conditioning, palette = described["config"]["conditioning"], described["palette"]
        sound = conditioning in INPUTS and isinstance(palette, dict)
    except (ValueError, TypeError, KeyError, RecursionError):
        sound = False
    if not sound:
        raise ModelError(f"{name}: says of itself what polycolor cannot read; made by a later version?")
    given = {one.name for one in model.graph.input}
    if given not in INPUTS[conditioning]:
        raise ModelError(
            f"{name}: takes {', '.join(sorted(given)) or 'nothing'}, not what a {conditioning} model takes"
        )
    if not _is_whole(data):
        raise ModelError(f"{name}: damaged (its bytes are not those that were written); export or download it again")
    return data


DIGEST = "polycolor-sha256"
"""The key of the last entry of a model's metadata: the SHA-256 of all bytes before it."""


def with_digest(data: bytes) -> bytes:
    """An ONNX file that also holds its own SHA-256, for `check` to see damage by.

    Protocol buffers may be put together by appending: this is one more `metadata_props`, which is field 14.
    """
    key, value = DIGEST.encode(), hashlib.sha256(data).hexdigest().encode()
    entry = b"\x0a" + bytes([len(key)]) + key + b"\x12" + bytes([len(value)]) + value
    return data + b"\x72" + bytes([len(entry)]) + entry


_TAIL = len(with_digest(b""))


def _is_whole(data: bytes) -> bool:
    return with_digest(data[:-_TAIL]) == data


def _graphs(graph: Any) -> Iterator[Any]:
    """A graph and all that lie in its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _graphs(inner)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors)


def _is_elsewhere(tensor: Any) -> bool:
    return bool(tensor.external_data) or tensor.data_location == tensor.EXTERNAL
