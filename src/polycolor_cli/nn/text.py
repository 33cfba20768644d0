"""What a pretrained text encoder has to say of each colour's name: vectors computed once, kept in the model.

The encoder is a CLIP text model (Radford et al., "Learning Transferable Visual Models From Natural Language
Supervision", ICML 2021) or any other that `transformers` reads, from a local folder or the hub's cache.
"""

from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from polycolor_cli.errors import PolycolorError

Pooling = Literal["cls", "mean"]


@torch.no_grad()
def encoded(names: list[str], encoder: str, pooling: Pooling = "cls") -> Tensor:
    """The vectors (names, dim) of some colour names, float32, each dimension of mean 0 and deviation 1 over them.

    encoder: a folder with a text model and its tokenizer, or a name on the Hugging Face hub. pooling: `cls`
    takes the token that stands for the whole text (CLIP's is its last), `mean` the mean of all tokens.
    Raises PolycolorError where the encoder cannot be had.
    """
    model, tokenizer = _loaded(encoder)
    tokens = tokenizer(names, padding=True, return_tensors="pt")
    answer = model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
    if pooling == "mean":
        weight = tokens["attention_mask"].unsqueeze(-1).float()
        vectors = (answer.last_hidden_state * weight).sum(1) / weight.sum(1)
    elif model.config.model_type.startswith("clip"):
        vectors = answer.pooler_output
    else:
        vectors = answer.last_hidden_state[:, 0]
    # names of colours lie close together in a language: what tells them apart is made large
    return (vectors - vectors.mean(0)) / vectors.std(0).clamp_min(1e-6)


def width_of(encoder: str) -> int:
    """How many numbers an encoder has for a text. Raises PolycolorError where it cannot be had."""
    config = _known(_transformers(encoder).AutoConfig, encoder)
    return int(getattr(config, "text_config", config).hidden_size)


def _loaded(encoder: str) -> tuple[Any, Any]:
    transformers = _transformers(encoder)
    clip = _known(transformers.AutoConfig, encoder).model_type.startswith("clip")
    kind = transformers.CLIPTextModel if clip else transformers.AutoModel
    return _known(kind, encoder).eval(), _known(transformers.AutoTokenizer, encoder)


def _transformers(encoder: str) -> Any:
    try:
        import transformers
        from huggingface_hub.utils import logging
    except ImportError:
        raise PolycolorError(f"--text-encoder {encoder}: needs more; install polycolor[text]") from None
    logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def _known(kind: Any, encoder: str) -> Any:
    if encoder.startswith((".", "/", "~")) and not Path(encoder).is_dir():
        raise PolycolorError(f"--text-encoder {encoder}: no such folder")
    try:
        return kind.from_pretrained(encoder)
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise PolycolorError(f"--text-encoder {encoder}: no text model to be had there ({first})") from None
