"""What a person sees of a study."""

from pathlib import Path
from typing import Any

import matplotlib
import optuna.visualization.matplotlib
import pytest
from matplotlib import pyplot
from matplotlib.font_manager import FontProperties
from optuna.trial import TrialState
from PIL import Image

from polycolor_cli.train.config import TrainConfig
from polycolor_cli.tune.plots import draw_plots
from polycolor_cli.tune.study import Search, Study

CHOICES = {"lr": [1.0, 2.0, 3.0], "depth": [4, 5], "loss": ["l1"]}


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The figures that are drawn, open still."""
    kept: list[Any] = []
    monkeypatch.setattr(pyplot, "close", kept.append)
    yield kept
    monkeypatch.undo()
    pyplot.close("all")


def study_of(folder: Path, *errors: list[float], complete: int = 99, choices: dict[str, list[Any]] = CHOICES) -> Study:
    """A study whose trainings were measured at some errors, epoch by epoch."""
    study = Study(folder / "study")
    study.begin(TrainConfig(), Search(choices, trials=9))
    for number, measured in enumerate(errors):
        study.known.enqueue_trial({name: those[number % len(those)] for name, those in choices.items()})
        trial = study.known.ask()
        for name, those in choices.items():
            trial.suggest_categorical(name, those)
        trial.set_user_attr("run", f"R{number + 1:02}")
        run = study.run_of(trial)  # type: ignore[arg-type]
        run.folder.mkdir(parents=True)
        for epoch, error in enumerate(measured, 1):
            run.append({"epoch": epoch, "step": 9 * epoch, "mean_error": error})
        if number < complete:
            study.known.tell(trial, measured[-1])
        else:
            study.known.tell(trial, state=TrialState.PRUNED)
    return study


def test_the_curves_are_of_every_training_and_the_best_stands_out(tmp_path: Path, figures: list[Any]) -> None:
    study = study_of(tmp_path, [0.9, 0.5], [0.8, 0.2], [0.7, 0.6, 0.4], [0.95], complete=3)
    draw_plots(study, "mean_error")
    axes = figures[0].axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    assert {label: line.get_xydata().tolist() for label, line in lines.items()} == {
        "R01": [[1, 0.9], [2, 0.5]],
        "R02 (best)": [[1, 0.8], [2, 0.2]],
        "R03": [[1, 0.7], [2, 0.6], [3, 0.4]],
        "R04": [[1, 0.95]],
    }
    assert {label: line.get_linewidth() for label, line in lines.items()} == {
        "R01": 1, "R02 (best)": 3, "R03": 1, "R04": 1,
    }  # fmt: skip
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("epoch", "mean error", "Every training")
    assert all(float(tick).is_integer() for tick in axes.get_xticks())
    names = axes.get_legend().get_texts()
    assert [text.get_text() for text in names] == list(lines)
    assert {text.get_fontsize() for text in names} == {FontProperties(size="x-small").get_size_in_points()}
    # Optuna's own colours: the style is the one it draws in, and only for as long as that takes
    with pyplot.style.context("ggplot"):
        colors = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    assert lines["R01"].get_color() == colors[0]
    assert matplotlib.rcParams["axes.prop_cycle"].by_key()["color"] != colors
    with Image.open(study.folder / "curves.png") as picture:
        assert picture.size == (990, 550)


def test_forty_trainings_can_be_told_apart(tmp_path: Path, figures: list[Any]) -> None:
    study = study_of(tmp_path, *[[0.9 - k / 100] for k in range(28)])
    draw_plots(study, "mean_error")
    lines = figures[0].axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 28
    assert figures[0].axes[0].get_legend()._ncols == 4


def test_what_optuna_draws_is_of_what_varied(
    tmp_path: Path, figures: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    for name in ("plot_optimization_history", "plot_param_importances", "plot_parallel_coordinate"):
        real = getattr(optuna.visualization.matplotlib, name)

        def watched(known: Any, real: Any = real, name: str = name, **given: Any) -> Any:
            asked[name] = given
            return real(known, **given)

        monkeypatch.setattr(optuna.visualization.matplotlib, name, watched)
    study = study_of(tmp_path, [0.9], [0.2], [0.4], [0.3])
    draw_plots(study, "mean_error")
    varied = {"params": ["lr", "depth"], "target_name": "mean error"}
    assert asked == {
        "plot_optimization_history": {"target_name": "mean error"},
        "plot_param_importances": varied,
        "plot_parallel_coordinate": varied,
    }
    assert [tuple(figure.get_size_inches()) for figure in figures[1:]] == [(9, 5), (9, 5), (11, 5)]
    for name in ("history", "importance", "parallel"):
        with Image.open(study.folder / f"{name}.png") as picture:
            # the size of the figure, cut to what is in it
            assert 600 < picture.width != 110 * (11 if name == "parallel" else 9)


def test_where_nothing_varied_there_is_a_history_alone(tmp_path: Path) -> None:
    study = study_of(tmp_path, [0.9], [0.8], [0.7], choices={"lr": [1.0], "depth": [4], "loss": ["l1"]})
    draw_plots(study, "mean_error")
    assert {path.name for path in study.folder.glob("*.png")} == {"curves.png", "history.png"}


def test_one_training_is_compared_with_nothing(tmp_path: Path) -> None:
    study = study_of(tmp_path, [0.9], [0.8], complete=1)
    draw_plots(study, "mean_error")
    assert {path.name for path in study.folder.glob("*.png")} == {"curves.png"}


@pytest.mark.parametrize("error", [RuntimeError, ValueError])
def test_what_optuna_cannot_draw_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise error("nothing to tell settings apart by")

    monkeypatch.setattr(optuna.visualization.matplotlib, "plot_param_importances", refuse)
    study = study_of(tmp_path, [0.5], [0.5], [0.5], [0.5])
    draw_plots(study, "mean_error")
    assert {path.name for path in study.folder.glob("*.png")} == {"curves.png", "history.png", "parallel.png"}
