"""What a study looks like: its curves, and what Optuna draws of it."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import matplotlib
from cycler import cycler
from matplotlib.ticker import MaxNLocator
from optuna.trial import TrialState

if TYPE_CHECKING:
    from polycolor_cli.tune.study import Study

matplotlib.use("Agg")


def draw_plots(study: "Study", measure: str) -> None:
    """Write the plots of a study into its folder; `measure` is what it makes small."""
    from matplotlib import pyplot

    # the style that Optuna draws in
    with pyplot.style.context("ggplot"):
        _draw_curves(study, measure)
        _draw_optunas(study, measure)


def _draw_curves(study: "Study", measure: str) -> None:
    from matplotlib import pyplot

    if not study.ended():
        return
    figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
    # ten colours in four styles tell forty lines apart
    axes.set_prop_cycle(cycler(linestyle=["-", "--", ":", "-."]) * pyplot.rcParams["axes.prop_cycle"])
    best = study.best()
    for trial in study.ended():
        rows = study.run_of(trial).rows()
        is_best = best is not None and trial.number == best.number
        axes.plot(
            [row["epoch"] for row in rows],
            [row[measure] for row in rows],
            label=f"{trial.user_attrs['run']}{' (best)' if is_best else ''}",
            linewidth=3 if is_best else 1,
        )
    axes.set(xlabel="epoch", ylabel=measure.replace("_", " "), title="Every training")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(ncols=4, fontsize="x-small")
    figure.savefig(study.folder / "curves.png", dpi=110)
    pyplot.close(figure)


def _draw_optunas(study: "Study", measure: str) -> None:
    import optuna.visualization.matplotlib as draw
    from matplotlib import pyplot

    known = study.known
    complete = known.get_trials(states=(TrialState.COMPLETE,))
    if len(complete) < 2:
        return
    # what was the same in all trainings cannot matter among them
    varied = [name for name in study.search.values if len({str(trial.params.get(name)) for trial in complete}) > 1]
    plots: dict[str, Callable[..., Any]] = {"history": draw.plot_optimization_history}
    if varied:
        plots |= {
            "importance": partial(draw.plot_param_importances, params=varied),
            "parallel": partial(draw.plot_parallel_coordinate, params=varied),
        }
    for name, plot in plots.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                axes = plot(known, target_name=measure.replace("_", " "))
        except (RuntimeError, ValueError):
            continue  # nothing to tell settings apart by: all trials measured the same
        axes.figure.set_size_inches(11 if name == "parallel" else 9, 5)
        axes.figure.savefig(study.folder / f"{name}.png", dpi=110, bbox_inches="tight")
        pyplot.close(axes.figure)
