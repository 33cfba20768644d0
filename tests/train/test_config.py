"""Settings: where they come from, which are refused, and what a model to start from decides."""

from pathlib import Path

import pytest
import torch

from polycolor_cli.color import PALETTE, named
from polycolor_cli.errors import PolycolorError
from polycolor_cli.nn.export import save_weights
from polycolor_cli.nn.unet import Dimensions, UNet
from polycolor_cli.train import config as configuration
from polycolor_cli.train.config import LOGS, TrainConfig, best_precision, dimensions_of, settings_in


def test_every_dimension_is_one_of_the_settings() -> None:
    config = TrainConfig(
        width=6, depth=3, max_width=20, patch=1, upsampling="transposed", embed_dim=9, refine=5, residual=True,
        attention="coarse", conditioning="coverage", border=True, text_dim=7,
    )  # fmt: skip
    # a text's vector is for those that are told one
    assert config.dimensions() == Dimensions(
        width=6, depth=3, max_width=20, patch=1, upsampling="transposed", embed_dim=9, refine=5, residual=True,
        attention="coarse", conditioning="coverage", border=True, text_dim=0, colors=len(PALETTE),
    )  # fmt: skip
    told = TrainConfig(conditioning="text-film", text_dim=7).dimensions()
    assert (told.text_dim, told.colors) == (7, len(named()))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "l3"}, "--loss is 'l3', not one of bce-dice, l1, mse"),
        ({"optimizer": "sgd"}, "--optimizer is 'sgd', not one of adamw, adam"),
        ({"pooling": "max"}, "--pooling is 'max', not one of cls, mean"),
        ({"precision": "16"}, "--precision is '16', not one of bf16-mixed, 32"),
        ({"log": "csv,paper"}, "--log is 'csv,paper': 'paper' is not one of csv, tensorboard, wandb"),
        ({"progressive": "32,64,96"}, "--progressive is '32,64,96': give sides that double"),
        ({"progressive": "32,64;128"}, "--progressive is '32,64;128': give sides that double"),
        ({"progressive": "0,0"}, "--progressive is '0,0': give sides that double"),
        ({"progressive": "-2"}, "--progressive is '-2': give sides that double"),
        ({"attention": "all"}, "attention is 'all', not one of none, bottleneck, coarse"),
        ({"width": 0}, "width is 0, and must be at least 1"),
        ({"border": True, "conditioning": "rgb"}, "a network conditioned by rgb knows no border"),
    ],
    ids=str,
)
def test_a_setting_that_names_nothing_is_refused(settings: dict, words: str) -> None:
    with pytest.raises(PolycolorError) as refused:
        TrainConfig(**settings).check()
    assert str(refused.value).startswith(words)


def test_settings_that_mean_something_pass() -> None:
    for settings in (
        {}, {"loss": "l1"}, {"optimizer": "adam"}, {"pooling": "mean"}, {"precision": "bf16-mixed"}, {"log": "csv"},
        {"log": "tensorboard"}, {"progressive": "128"}, {"progressive": "1,2,4"}, {"progressive": "32,64,128"},
    ):  # fmt: skip
        TrainConfig(**settings).check()
    assert TrainConfig(progressive="32,64,128").sides == [32, 64, 128]
    assert TrainConfig().sides == []


@pytest.mark.parametrize("log", LOGS[1:])
def test_a_log_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch, log: str) -> None:
    monkeypatch.setattr(configuration, "find_spec", lambda name: None)
    TrainConfig(log="csv").check()
    TrainConfig(log="").check()
    with pytest.raises(PolycolorError) as refused:
        TrainConfig(log=f"csv,{log}").check()
    assert str(refused.value) == f"--log {log}: needs more; install polycolor[log]"


def test_settings_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('lr = 1\nwidth = 4\nsynthetic = true\nlog = "Ärger"\n', encoding="utf-8")
    settings = settings_in(path)
    assert settings == {"lr": 1.0, "width": 4, "synthetic": True, "log": "Ärger"}
    assert type(settings["lr"]) is float


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"widht = 4", "there is no setting 'widht'; there are dataset, synthetic, shapes, "),
        (b'width = "4"', "width is '4', which is no int"),
        (b"width = 4.0", "width is 4.0, which is no int"),
        (b"width = true", "width is True, which is no int"),
        (b"lr = true", "lr is True, which is no float"),
        (b"synthetic = 1", "synthetic is 1, which is no bool"),
        (b"[", "no readable TOML ("),
        (b"log = '\xff'", "no readable TOML ("),
        (b"log = " + b"[" * 9999, "no readable TOML ("),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_file_of_settings_is_one_line(tmp_path: Path, text: bytes, words: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(text)
    with pytest.raises(PolycolorError) as refused:
        settings_in(path)
    assert str(refused.value).startswith(f"{path}: {words}")


def test_a_file_of_settings_that_is_none(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.toml", "no such file"), (tmp_path, "no readable TOML (")):
        with pytest.raises(PolycolorError) as refused:
            settings_in(path)
        assert str(refused.value).startswith(f"{path}: {words}")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_weights(UNet(Dimensions(width=4, depth=3, max_width=12, refine=3)), path, {})
    return path


def test_a_start_keeps_the_dimensions_of_its_model(model: Path) -> None:
    settings = dimensions_of(model, {"lr": 0.5, "depth": 3})
    assert settings["lr"] == 0.5
    assert TrainConfig(**settings).dimensions() == Dimensions(width=4, depth=3, max_width=12, refine=3)
    # of the model's own dimensions only those that are settings
    assert "planes" not in settings
    assert "steps" not in settings


def test_a_larger_width_makes_all_levels_wider_and_a_smaller_one_is_refused(model: Path) -> None:
    wider = dimensions_of(model, {"width": 6})
    assert (wider["width"], wider["max_width"], wider["depth"]) == (6, 18, 3)
    assert dimensions_of(model, {"width": 4})["max_width"] == 12
    for given, words in (
        ({"width": 2}, f"--width 2: {model} has 4, and a start keeps it"),
        ({"max_width": 30}, f"--max-width 30: {model} has 12, and a start keeps it"),
        ({"conditioning": "rgb"}, f"--conditioning rgb: {model} has coverage, and a start keeps it"),
    ):
        with pytest.raises(PolycolorError) as refused:
            dimensions_of(model, given)
        assert str(refused.value) == words


@pytest.mark.parametrize(
    ("conditioning", "synthetic", "border"),
    [("coverage", True, True), ("coverage", False, False), ("rgb", True, False)],
)
def test_synthetic_drawings_teach_a_start_borders(
    tmp_path: Path, conditioning: str, synthetic: bool, border: bool
) -> None:
    path = tmp_path / "model.safetensors"
    save_weights(UNet(Dimensions(width=4, depth=2, conditioning=conditioning)), path, {})  # type: ignore[arg-type]
    assert dimensions_of(path, {"synthetic": synthetic})["border"] is border
    assert dimensions_of(path, {})["border"] is False


def test_a_start_from_no_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PolycolorError) as refused:
        dimensions_of(tmp_path / "none.safetensors", {})
    assert str(refused.value) == f"{tmp_path / 'none.safetensors'}: no such file"


@pytest.mark.parametrize(
    ("has_cuda", "cuda_has", "cpu_has", "seconds", "precision"),
    [
        (True, True, False, (1, 2), "bf16-mixed"),
        (True, False, True, (1, 2), "32"),
        (False, True, False, (1, 2), "32"),
        (False, False, True, (1, 2), "bf16-mixed"),
        (False, False, True, (2, 1), "32"),
        (False, False, True, (1, 1), "32"),
    ],
)
def test_half_precision_where_it_is_quicker(
    monkeypatch: pytest.MonkeyPatch, has_cuda: bool, cuda_has: bool, cpu_has: bool, seconds: tuple[int, int],
    precision: str,
) -> None:  # fmt: skip
    def supported(including_emulation: bool) -> bool:
        # what is emulated is slow
        return cuda_has or including_emulation

    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: cpu_has)
    monkeypatch.setattr(configuration, "_seconds_of_a_step", lambda in_bf16: seconds[0] if in_bf16 else seconds[1])
    assert best_precision() == precision


@pytest.mark.parametrize("in_bf16", [False, True])
def test_a_step_is_timed_in_the_precision_that_is_asked_about(monkeypatch: pytest.MonkeyPatch, in_bf16: bool) -> None:
    kinds = []
    real = torch.nn.Conv2d.forward

    def watched(self: torch.nn.Conv2d, drawings: torch.Tensor) -> torch.Tensor:
        answer = real(self, drawings)
        kinds.append(answer.dtype)
        return answer

    threads = torch.get_num_threads()
    monkeypatch.setattr(torch.nn.Conv2d, "forward", watched)
    monkeypatch.setattr(configuration, "SPENT", 0.01)
    assert 0 < configuration._seconds_of_a_step(in_bf16) < 60
    assert set(kinds) == {torch.bfloat16 if in_bf16 else torch.float32}
    assert torch.get_num_threads() == threads
