"""What a study looks like: its curves, and what Optuna draws of it."""

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import matplotlib
from cycler import cycler
from optuna.trial import TrialState

if TYPE_CHECKING:
    from polycolor_cli.tune.study import Study

matplotlib.use("Agg")


def draw_plots(study: "Study", measure: str) -> None:
    """Write the plots of a study into its folder; `measure` is what it makes small."""
    import optuna.visualization.matplotlib as draw
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
    # ten colours in four styles tell forty lines apart
    axes.set_prop_cycle(cycler(linestyle=["-", "--", ":", "-."]) * pyplot.rcParams["axes.prop_cycle"])
    for trial in study.ended():
        rows = study.run_of(trial).rows()
        axes.plot([row["epoch"] for row in rows], [row[measure] for row in rows], label=trial.user_attrs["run"])
    axes.set(xlabel="epoch", ylabel=measure.replace("_", " "))
    axes.grid(alpha=0.3)
    axes.legend(ncols=4, fontsize="x-small")
    figure.savefig(study.folder / "curves.png", dpi=110)
    pyplot.close(figure)
    known = study.known
    if len(known.get_trials(states=(TrialState.COMPLETE,))) < 2:
        return
    plots: dict[str, Callable[..., Any]] = {
        "history": draw.plot_optimization_history,
        "importance": draw.plot_param_importances,
        "parallel": draw.plot_parallel_coordinate,
    }
    for name, plot in plots.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                axes = plot(known, target_name=measure.replace("_", " "))
        except (RuntimeError, ValueError):
            continue  # nothing to tell settings apart by: all trials measured the same
        axes.figure.set_size_inches(9, 5)
        axes.figure.savefig(study.folder / f"{name}.png", dpi=110, bbox_inches="tight")
        pyplot.close(axes.figure)
