"""The search over training settings: a study of many short trainings, each a run of its own.

A study is a folder: `config.toml` (what all trainings share), `study.json` (what is searched), `runs/`, and
at the end `summary.txt`, `trials.csv`, plots and `best/`. What is known of the trials lies in Optuna's
storage: a journal in the folder, or a database that many machines share.
"""

import csv
import json
import os
import platform
import random
import re
import shutil
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any

import optuna
from optuna.storages import JournalStorage, RDBStorage, RetryHeartbeatStaleTrialCallback, fail_stale_trials
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from polycolor_cli.errors import PolycolorError
from polycolor_cli.files.atomic import alive
from polycolor_cli.train.config import PRESETS, TrainConfig
from polycolor_cli.train.finish import finish
from polycolor_cli.train.loop import Progress, train
from polycolor_cli.train.run import Run
from polycolor_cli.tune.plots import draw_plots

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)

MEASURE = "mean_error"
"""What a study makes as small as it can: it means the same whatever loss a trial minimises, and tells apart
also trainings too short for one right pixel, all of which have the same masked accuracy."""
SHOWN = ("train_loss", "val_loss", "masked_accuracy", MEASURE)
"""What is told of a trial's end."""
HEARTBEAT = 5
"""Seconds between two signs of life of a trial in a database; after three missed ones it is done again."""

TRIES = 4
"""How often a trial is begun, should its process die each time."""

Values = list[Any]


@dataclass(frozen=True)
class Search:
    """What a study searches.

    values: settings and what each may be. grid: every combination, all to their end; otherwise `trials` of
    them, proposed by a tree-structured Parzen estimator (Bergstra et al., "Algorithms for Hyper-Parameter
    Optimization", NIPS 2011), those below the median of the others at the same epoch given up early.
    """

    values: dict[str, Values]
    grid: bool = False
    trials: int = 30
    storage: str = ""
    fixed: dict[str, Any] = field(default_factory=dict)

    def combinations(self) -> list[dict[str, Any]]:
        """All combinations of the values, the last setting changing fastest."""
        found: list[dict[str, Any]] = [{}]
        for name, values in self.values.items():
            found = [one | {name: value} for one in found for value in values]
        return found

    @property
    def size(self) -> int:
        return len(self.combinations()) if self.grid else min(self.trials, len(self.combinations()))


GRIDS = {
    "polygon-unet": Search(
        values={
            "lr": [1e-4, 3e-4, 1e-3],
            "loss": ["l1", "mse"],
            "embed_dim": [8, 16],
            "upsampling": ["bilinear", "transposed"],
        },
        grid=True,
        fixed=PRESETS["polygon-unet"] | {"epochs": 15},
    )
}
"""Grids by name; `polygon-unet` is the one of the project that the colour embedding comes from."""

SETTINGS_THAT_MATTER = Search(
    values={
        "lr": [5e-4, 1e-3, 2e-3, 4e-3],
        "loss": ["bce-dice", "l1"],
        "batch_size": [8, 16, 32],
        "width": [8, 16, 24],
        "depth": [4, 5, 6],
        "upsampling": ["bilinear", "transposed"],
    }
)


class Study:
    """The folder of a study, and Optuna's view of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.epochs_before = 0

    def in_its_precision(self, config: TrainConfig) -> TrainConfig:
        """Settings in the precision that the study began with: each machine's own is timed, and differs."""
        there = self.config.is_file()
        return replace(config, precision=TrainConfig.load(self.config).precision) if there else config

    def begin(self, config: TrainConfig, search: Search) -> None:
        """Make the folder, or go on with one of the same settings. Raises PolycolorError for other settings."""
        settings = json.dumps(asdict(search), indent=1)
        about = self.folder / "study.json"
        if about.is_file():
            same = about.read_text(encoding="utf-8") == settings and TrainConfig.load(self.config) == config
            if not same:
                raise PolycolorError(f"{self.folder}: a study with other settings; give a new --out")
        elif self.folder.exists() and any(self.folder.iterdir()):
            raise PolycolorError(f"{self.folder}: is there already and not empty; give a new --out")
        (self.folder / "runs").mkdir(parents=True, exist_ok=True)
        config.save(self.config)
        about.write_text(settings, encoding="utf-8")
        study = self.known
        self.epochs_before = sum(len(trial.intermediate_values) for trial in self.trials())
        there = {trial.user_attrs.get("run") for trial in self.trials()}
        for number, combination in enumerate(search.combinations() if search.grid else [], 1):
            run = f"R{number:02}"
            if run not in there:
                study.enqueue_trial(combination, {"run": run, "settings": combination})

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def config_epochs(self) -> int:
        return TrainConfig.load(self.config).epochs

    @cached_property
    def search(self) -> Search:
        return Search(**json.loads((self.folder / "study.json").read_text(encoding="utf-8")))

    @cached_property
    def known(self) -> optuna.Study:
        """The study as Optuna has it. Raises PolycolorError where its storage cannot be reached."""
        for patience in (1.0, 2.0, 0.0):
            try:
                return self._opened()
            except ImportError as error:
                raise PolycolorError(
                    f"--storage {self.search.storage}: needs more; install polycolor[tune] ({error})"
                ) from None
            except Exception as error:
                # two machines that make the tables of a new database at once get in each other's way
                if self.search.storage and patience:
                    time.sleep(patience)
                    continue
                lines = str(error).strip().splitlines() or [type(error).__name__]
                raise PolycolorError(
                    f"--storage {self.search.storage or self.folder}: cannot be used ({lines[0]})"
                ) from None
        raise AssertionError

    def _opened(self) -> optuna.Study:
        search = self.search
        storage: optuna.storages.BaseStorage
        if search.storage:
            storage = RDBStorage(
                # without a driver's name SQLAlchemy would look for the one before psycopg 3
                re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", search.storage),
                heartbeat_interval=HEARTBEAT,
                grace_period=3 * HEARTBEAT,
                heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=TRIES),
            )
        else:
            # its lock is a link to the path as given: a relative one would point nowhere, and never be found stale
            storage = JournalStorage(JournalFileBackend(str(self.folder.resolve() / "journal.log")))
        return optuna.create_study(
            storage=storage,
            study_name=self.folder.resolve().name,
            direction="minimize",
            load_if_exists=True,
            sampler=optuna.samplers.TPESampler(constant_liar=True),
            pruner=optuna.pruners.NopPruner() if search.grid else optuna.pruners.MedianPruner(2, 1),
        )

    def trials(self) -> list[FrozenTrial]:
        """Every trial that counts, one for each run: not the failed ones, which have been or will be done again."""
        found: dict[Any, FrozenTrial] = {}
        for trial in self.known.get_trials(deepcopy=False):
            if trial.state is not TrialState.FAIL and "surplus" not in trial.user_attrs:
                run = trial.user_attrs.get("run", trial.number)
                # two machines that began at once may both have queued it
                if run not in found or not found[run].state.is_finished():
                    found[run] = trial
        return list(found.values())

    def ended(self) -> list[FrozenTrial]:
        """The trials that have ended, whichever way, and have a run."""
        return [trial for trial in self.trials() if trial.state.is_finished() and "run" in trial.user_attrs]

    def is_complete(self) -> bool:
        done = [trial for trial in self.trials() if trial.state.is_finished()]
        return len(done) >= self.search.size

    def best(self) -> FrozenTrial | None:
        """The trial of least error, of those that came to their end."""
        ended = [trial for trial in self.trials() if trial.state is TrialState.COMPLETE]
        return min(ended, key=lambda one: one.value if one.value is not None else 1.0, default=None)

    def config_of(self, trial: FrozenTrial) -> TrainConfig:
        return replace(TrainConfig.load(self.config), **trial.params)

    def run_of(self, trial: FrozenTrial) -> Run:
        return Run(self.folder / "runs" / trial.user_attrs["run"])


class StoppedError(Exception):
    """A trial that does not count: broken off by a person and queued to go on, or one that was made before."""


def work(study: Study, stop: Event) -> None:
    """Do trials until the study is complete or `stop` is set: what each process and each machine runs.

    A trial whose process died is done again, from its last epoch where its run lies in this folder.
    """
    search = study.search
    known = study.known
    while not stop.is_set():
        _requeue_lost(known)
        states = [trial.state for trial in study.trials()]
        waiting = states.count(TrialState.WAITING)
        if waiting or (not search.grid and len(states) < search.size):
            known.optimize(
                lambda trial: _objective(study, known, trial, stop),
                n_trials=1,
                catch=(StoppedError,),
            )
        elif TrialState.RUNNING in states:
            # somebody else's; should they die, it falls to us
            time.sleep(1)
        else:
            return


def _objective(study: Study, known: optuna.Study, trial: optuna.Trial, stop: Event) -> float:
    search = study.search
    number = sum(one.number <= trial.number for one in study.trials())
    if ("run" not in trial.user_attrs) if search.grid else (number > search.size):
        # two workers saw the same last trial waiting
        trial.set_user_attr("surplus", True)
        raise optuna.TrialPruned
    trial.set_user_attr("process", f"{platform.node()}:{os.getpid()}")
    if "run" not in trial.user_attrs:
        trial.set_user_attr("run", f"R{trial.number + 1:02}")
    settings: dict[str, Any] = {name: trial.suggest_categorical(name, values) for name, values in search.values.items()}
    if "settings" not in trial.user_attrs:
        tried = [one.params for one in study.trials() if one.number != trial.number]
        if settings in tried:
            # the same again would come to the same: what nobody tried is tried instead
            untried = [one for one in search.combinations() if one not in tried]
            if untried:
                known.enqueue_trial(random.Random(trial.number).choice(untried))
            raise StoppedError
    config = replace(TrainConfig.load(study.config), **settings)
    run = Run(study.folder / "runs" / trial.user_attrs["run"])
    halt, pruned = Event(), False

    def report(at: Progress) -> None:
        nonlocal pruned
        if stop.is_set():
            halt.set()
        if at.row:
            trial.report(at.row[MEASURE], int(at.row["epoch"]))
            if trial.should_prune():
                pruned = True
                halt.set()

    for row in run.rows():
        trial.report(row[MEASURE], int(row["epoch"]))
    try:
        complete = train(config, run, report, halt)
    except FloatingPointError as error:
        trial.set_user_attr("diverged", str(error))
        raise optuna.TrialPruned from None
    last = run.rows()[-1] if run.rows() else {}
    for name in ("epoch", *SHOWN):
        if name in last:
            trial.set_user_attr(name, last[name])
    if complete:
        return float(last[MEASURE])
    if pruned:
        raise optuna.TrialPruned
    known.enqueue_trial(settings, {"run": trial.user_attrs["run"], "settings": settings})
    raise StoppedError


def _requeue_lost(known: optuna.Study) -> None:
    """Queue again what a process was at when it died: by its heartbeat in a database, by its number here."""
    fail_stale_trials(known)
    for trial in known.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        host, _, process = str(trial.user_attrs.get("process", "")).partition(":")
        if host == platform.node() and process.isdigit() and not alive(int(process)):
            try:
                known.tell(trial.number, state=TrialState.FAIL)
            except ValueError:
                continue  # another worker was faster
            again = [
                one
                for one in known.get_trials(deepcopy=False)
                if one.user_attrs.get("run") == trial.user_attrs.get("run")
            ]
            if "run" in trial.user_attrs and len(again) < TRIES:
                settings = trial.user_attrs.get("settings", trial.params)
                known.enqueue_trial(settings, {"run": trial.user_attrs["run"], "settings": settings})


IN_WORDS: dict[str, Callable[[Any], str]] = {
    "loss": lambda value: f"loss={ {'l1': 'L1Loss', 'mse': 'MSELoss'}.get(value, value) }",
    "upsampling": lambda value: f"bilinear={value == 'bilinear'}",
}
"""How a summary says a setting, where it does not say name=value."""


def summary(study: Study) -> str:
    """One line a run: `R23 | lr=0.001 | loss=MSELoss | embed_dim=16 | bilinear=True | train_loss=... | val_loss=...`"""
    lines = []
    for trial in sorted(study.ended(), key=lambda trial: trial.user_attrs["run"]):
        said = [IN_WORDS.get(name, lambda v, name=name: f"{name}={v}")(value) for name, value in trial.params.items()]
        said += [f"{name}={trial.user_attrs[name]:.6f}" for name in SHOWN if name in trial.user_attrs]
        if trial.state is TrialState.PRUNED:
            said.append("diverged" if "diverged" in trial.user_attrs else "given up")
        lines.append(" | ".join([trial.user_attrs["run"], *said]))
    return "\n".join(lines) + "\n"


def conclude(study: Study) -> FrozenTrial | None:
    """Write summary.txt, trials.csv, the plots, and the best run with its model into `best/`; returns its trial."""
    (study.folder / "summary.txt").write_text(summary(study), encoding="utf-8")
    names = list(study.search.values)
    with (study.folder / "trials.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["run", "state", *names, "epochs", *SHOWN])
        for trial in study.ended():
            said = trial.user_attrs
            row = [said["run"], trial.state.name.lower(), *(trial.params[name] for name in names)]
            writer.writerow([*row, int(said.get("epoch", 0)), *(said.get(name) for name in SHOWN)])
    draw_plots(study, MEASURE)
    best = study.best()
    if best is not None and study.run_of(best).has_checkpoint():
        finish(study.run_of(best), study.config_of(best))
        shutil.rmtree(study.folder / "best", ignore_errors=True)
        shutil.copytree(study.run_of(best).folder, study.folder / "best")
    return best
