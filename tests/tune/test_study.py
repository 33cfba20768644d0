"""Searches over settings: a grid and a search, killed, continued, and shared through a real PostgreSQL server."""

import csv
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import optuna
import pytest
from PIL import Image

from conftest import Refused, Run
from polycolor_cli.data.write import write_dataset
from polycolor_cli.errors import PolycolorError
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.loop import Progress
from polycolor_cli.train.run import Run as TrainRun
from polycolor_cli.tune import study as tune
from polycolor_cli.tune.study import Search, Study, conclude, work

POLYCOLOR = str(Path(sys.executable).with_name("polycolor"))
SMALL = Search({"lr": [1e-3, 1e-4], "loss": ["l1", "mse"]}, grid=True)


def tiny(folder: Path, **settings: object) -> TrainConfig:
    write_dataset(folder / "data", 8, 4, 1)
    given: dict = {"dataset": str(folder / "data"), "epochs": 1, "width": 4, "depth": 2, "max_width": 8} | settings
    return TrainConfig(**given)


def test_a_study_goes_on_in_the_precision_that_it_began_with(tmp_path: Path, polycolor: Run) -> None:
    # which of the two a machine is quicker in is measured, and may come out otherwise
    study = Study(tmp_path / "study")
    begun, later = (tiny(tmp_path / name, precision=name) for name in ("32", "bf16-mixed"))
    later = TrainConfig(**vars(later) | {"dataset": begun.dataset})
    assert study.in_its_precision(later) == later
    study.begin(begun, SMALL)
    with pytest.raises(PolycolorError, match="other settings"):
        study.begin(later, SMALL)
    study.begin(study.in_its_precision(later), SMALL)
    # the command does so
    arguments = (
        "tune",
        begun.dataset,
        "--out",
        "other",
        "--trials",
        "1",
        "--epochs",
        "1",
        "--width",
        "8",
        "--depth",
        "3",
    )
    polycolor(*arguments)
    config = tmp_path / "other" / "config.toml"
    said = config.read_text(encoding="utf-8")
    was, other = ("32", "bf16-mixed") if '"32"' in said else ("bf16-mixed", "32")
    config.write_text(said.replace(f'"{was}"', f'"{other}"'), encoding="utf-8")
    assert b"best: R" in polycolor(*arguments).stdout


def test_the_grid_is_the_one_of_the_project_it_is_named_for() -> None:
    combinations = tune.GRIDS["polygon-unet"].combinations()
    assert len(combinations) == len({tuple(one.values()) for one in combinations}) == 24
    assert combinations[0] == {"lr": 1e-4, "loss": "l1", "embed_dim": 8, "upsampling": "bilinear"}


def test_a_grid_tries_everything_once_and_says_what_came_of_it(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path), SMALL)
    work(study, Event())
    assert study.is_complete()
    # of an earlier end
    (study.folder / "best").mkdir()
    (study.folder / "best" / "old.txt").touch()
    best = conclude(study)
    assert best is not None
    assert not (study.folder / "best" / "old.txt").exists()
    # should it die at one, others know whose it was
    assert {trial.user_attrs["process"] for trial in study.trials()} == {f"{platform.node()}:{os.getpid()}"}
    lines = (study.folder / "summary.txt").read_text().splitlines()
    assert [line.split(" | ")[:3] for line in lines] == [
        ["R01", "lr=0.001", "loss=L1Loss"],
        ["R02", "lr=0.001", "loss=MSELoss"],
        ["R03", "lr=0.0001", "loss=L1Loss"],
        ["R04", "lr=0.0001", "loss=MSELoss"],
    ]
    assert all(" | train_loss=" in line and " | val_loss=" in line for line in lines)
    with (study.folder / "trials.csv").open() as file:
        assert [row["state"] for row in csv.DictReader(file)] == ["complete"] * 4
    made = {path.name for path in study.folder.iterdir()}
    assert {"best", "curves.png", "history.png", "parallel.png"} <= made
    assert TrainConfig.load(study.folder / "best" / "config.toml").loss == best.params["loss"]
    assert (study.folder / "best" / "model.onnx").is_file()


def test_a_study_goes_on_and_keeps_its_settings(tmp_path: Path) -> None:
    config = tiny(tmp_path, epochs=2)
    study = Study(tmp_path / "study")
    study.begin(config, SMALL)
    stop = Event()
    report = tune.train

    def until_the_second(*given: object) -> bool:
        stop.set()
        return report(*given)  # type: ignore[arg-type]

    tune.train = until_the_second  # type: ignore[assignment]
    try:
        work(study, stop)
    finally:
        tune.train = report
    assert not study.is_complete()
    study.begin(config, SMALL)
    work(study, Event())
    assert study.is_complete()
    assert len(study.trials()) == 4
    with pytest.raises(PolycolorError, match="other settings"):
        study.begin(config, Search({"lr": [1.0]}, grid=True))


@pytest.mark.slow
def test_a_diverging_trial_is_told_and_stops_nothing(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path, epochs=3), Search({"lr": [1e30, 1e-3]}, grid=True))
    work(study, Event())
    assert study.is_complete()
    conclude(study)
    lines = (study.folder / "summary.txt").read_text().splitlines()
    assert lines[0].endswith("diverged")
    assert "masked_accuracy" in lines[1]


@pytest.mark.slow
def test_rates_far_too_large_end_and_count(tmp_path: Path, polycolor: Run) -> None:
    write_dataset(tmp_path / "data", 8, 4, 1)
    small = ("--width", "4", "--depth", "2", "--epochs", "2", "--lr", "1e12", "--trials", "3")
    said = polycolor("tune", "data", "--out", "s", *small, code=2).stderr
    assert b"no training came to its end" in said.splitlines()[-1]
    assert len(list((tmp_path / "s" / "runs").iterdir())) == 3
    assert (tmp_path / "s" / "summary.txt").read_text().count("diverged") == 3


@pytest.mark.slow
def test_a_killed_study_leaves_no_worker(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", 8, 4, 1)
    arguments = ("tune", "data", "--out", "s", "--epochs", "9999", "--width", "4", "--depth", "2")
    study = subprocess.Popen([POLYCOLOR, *arguments], cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True)
    until = time.monotonic() + 60
    while not list(tmp_path.glob("s/runs/*/checkpoint")) and time.monotonic() < until:
        time.sleep(0.1)
    study.kill()
    # the pipe closes when the last process has gone
    study.communicate(timeout=30)


def test_a_trial_that_no_process_survives_is_given_up(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path), Search({"lr": [1e-3]}, grid=True))
    for _ in range(10):
        waiting = [trial for trial in study.trials() if trial.state.name == "WAITING"]
        if not waiting:
            break
        trial = study.known.ask()
        trial.set_user_attr("process", f"{platform.node()}:999999999")
        tune._requeue_lost(study.known)
    assert len(study.known.get_trials()) == tune.TRIES


@pytest.mark.slow
def test_plots_are_of_what_varied(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path, epochs=2), Search({"lr": [1e-3, 1e-2], "depth": [2]}, grid=True))
    work(study, Event())
    conclude(study)
    for name in ("curves", "history", "importance", "parallel"):
        assert Image.open(study.folder / f"{name}.png").width > 600


def test_a_search_begins_as_many_as_it_may(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path), Search({"lr": [1e-3, 1e-4, 1e-5], "depth": [2, 3]}, trials=5))
    work(study, Event())
    assert study.is_complete()
    # and nothing twice
    assert len({tuple(trial.params.values()) for trial in study.trials()}) == len(study.trials()) == 5


def test_a_search_ends_when_everything_is_tried(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path), Search({"lr": [1e-3, 1e-4], "depth": [2]}, trials=9))
    work(study, Event())
    assert study.is_complete()
    assert sorted(trial.params["lr"] for trial in study.trials()) == [1e-4, 1e-3]


@pytest.mark.slow
def test_the_command_killed_and_started_again(tmp_path: Path, polycolor: Run) -> None:
    write_dataset(tmp_path / "data", 16, 4, 1)
    # three of the grid's 24
    grid = ("--grid", "polygon-unet", "--trials", "3")
    arguments = ("tune", "data", "--out", "study", *grid, "--epochs", "3", "--width", "4", "--max-width", "8")
    process = subprocess.Popen([POLYCOLOR, *arguments], cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not list(tmp_path.glob("study/runs/*/checkpoint")) and time.monotonic() < until:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = polycolor(*arguments, "--workers", "2")
    lines = done.stdout.decode().splitlines()
    assert len([line for line in lines if line.startswith("R0") and "embed_dim=" in line]) == 3
    assert b"polycolor train --from-study study" in done.stdout
    polycolor("train", "--from-study", "study", "--epochs", "1", "--out", "longer")
    assert TrainConfig.load(tmp_path / "longer" / "config.toml").width == 4


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes there")
def test_a_disk_that_fills_up_is_told_and_the_study_goes_on(tmp_path: Path, polycolor: Run) -> None:
    import resource

    write_dataset(tmp_path / "data", 8, 4, 1)
    arguments = ("tune", "data", "--out", "s", "--trials", "1", "--epochs", "1", "--width", "8", "--depth", "3")

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    full = subprocess.run(
        [POLYCOLOR, *arguments], cwd=tmp_path, capture_output=True, text=True, preexec_fn=little_room, check=False
    )
    assert full.returncode == 2
    assert full.stderr.splitlines() == [
        "polycolor: s: File too large",
        "polycolor: s: a worker died; the same command goes on from here",
    ]
    assert b"best: R" in polycolor(*arguments).stdout


def test_refusals(refused: Refused) -> None:
    assert "where to?" in refused("tune", "data")
    assert "nothing to learn from" in refused("tune", "--out", "s")
    assert "not one of polygon-unet" in refused("tune", "data", "--out", "s", "--grid", "x")
    said = refused("tune", "--synthetic", "--out", "s", "--storage", "postgresql://nobody@127.0.0.1:9/x")
    assert "cannot be used" in said
    assert len(said.splitlines()) == 1
    assert "no finished study" in refused("train", "--from-study", "s", "--out", "r")


@pytest.fixture
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of the test's own."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.skip("PostgreSQL is not installed")
    tools = found[-1]
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    # it refuses to run as root
    before = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
    if before:
        shutil.chown(folder, "nobody")
    data, port = str(folder / "data"), str(20000 + os.getpid() % 20000)

    def run(*command: str) -> None:
        subprocess.run([*before, *command], check=True, capture_output=True, cwd=folder)

    run(str(tools / "initdb"), "-D", data, "-U", "test", "-A", "trust")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    run(str(tools / "pg_ctl"), "-D", data, "-o", options, "-w", "-l", str(folder / "log"), "start")
    try:
        run(str(tools / "createdb"), "-h", "127.0.0.1", "-p", port, "-U", "test", "study")
        yield f"postgresql://test@127.0.0.1:{port}/study"
    finally:
        run(str(tools / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_two_machines_share_a_study_and_one_dies(tmp_path: Path, postgres: str) -> None:
    write_dataset(tmp_path / "data", 16, 4, 1)
    command = [
        POLYCOLOR, "tune", str(tmp_path / "data"), "--out", "study", "--trials", "6", "--epochs", "4",
        "--width", "4", "--max-width", "8", "--storage", postgres,
    ]  # fmt: skip
    places = [tmp_path / "one", tmp_path / "two"]
    machines = []
    for place in places:
        place.mkdir()
        with (place / "errors").open("w") as errors:
            machines.append(subprocess.Popen(command, cwd=place, start_new_session=True, stderr=errors))
    until = time.monotonic() + 90
    while not list(places[1].glob("study/runs/*/checkpoint")) and time.monotonic() < until:
        time.sleep(0.1)
    os.killpg(machines[1].pid, signal.SIGKILL)
    machines[1].wait()
    assert machines[0].wait(timeout=200) == 0, (places[0] / "errors").read_text()
    lines = (places[0] / "study" / "summary.txt").read_text().splitlines()
    assert len(lines) == 6
    assert all("masked_accuracy" in line or "given up" in line for line in lines)


def test_the_best_trial_is_the_one_of_least_error(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path), SMALL)
    errors = iter([0.5, 0.1, 0.9, 0.3])

    def measured(trial: optuna.Trial) -> float:
        trial.suggest_categorical("lr", SMALL.values["lr"])
        return next(errors)

    study.known.optimize(measured, n_trials=4)
    best = study.best()
    assert best is not None
    assert best.value == 0.1


def measured_at_once(errors: dict[float, list[float]], halted: list[str] | None = None) -> Callable[..., bool]:
    """What stands for a training: by its rate, the error after each epoch; nothing is trained."""

    def training(config: TrainConfig, run: TrainRun, report: Callable[[Progress], None], halt: Event) -> bool:
        for epoch, error in enumerate(errors[config.lr], 1):
            if epoch <= len(run.rows()):
                continue
            row = {"epoch": epoch, "step": 10 * epoch, "train_loss": 2 * error, "val_loss": 3 * error}
            row |= {"masked_accuracy": 1 - error, "mean_error": error}
            run.folder.mkdir(parents=True, exist_ok=True)
            run.append({name: float(value) for name, value in row.items()})
            report(Progress(epoch, 10 * epoch, 40, error, 0, 0.0, 0.0, row))
            if halt.is_set():
                if halted is not None:
                    halted.append(run.folder.name)
                return False
        return True

    return training


def test_a_trial_keeps_what_its_run_was_measured_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune, "train", measured_at_once({1.0: [0.5, 0.4], 2.0: [0.3, 0.2], 3.0: [0.35, 0.25]}))
    study = Study(tmp_path / "a study")
    study.begin(tiny(tmp_path, epochs=2), Search({"lr": [1.0, 2.0, 3.0]}, trials=3))
    for rate in (1.0, 2.0, 3.0):
        study.known.enqueue_trial({"lr": rate})
    work(study, Event())
    assert sorted(path.name for path in (study.folder / "runs").iterdir()) == ["R01", "R02", "R03"]
    by_rate = {trial.params["lr"]: trial for trial in study.ended()}
    assert {rate: trial.value for rate, trial in by_rate.items()} == {1.0: 0.4, 2.0: 0.2, 3.0: 0.25}
    assert by_rate[1.0].intermediate_values == {1: 0.5, 2: 0.4}
    assert by_rate[2.0].user_attrs["masked_accuracy"] == 0.8
    best = conclude(study)
    assert best is not None
    assert best.params == {"lr": 2.0}
    assert not (study.folder / "best").exists()  # nothing was trained
    lines = (study.folder / "summary.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[0] for line in lines] == ["R01", "R02", "R03"]
    name = best.user_attrs["run"]
    assert f"{name} | lr=2.0 | train_loss=0.400000 | val_loss=0.600000 | masked_accuracy=0.800000" in "\n".join(lines)
    rows = (study.folder / "trials.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "run,state,lr,epochs,train_loss,val_loss,masked_accuracy,mean_error"
    assert f"{name},complete,2.0,2,0.4,0.6,0.8,0.2" in [row.replace("0.6000000000000001", "0.6") for row in rows]


def test_a_trial_that_was_stopped_goes_on_in_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, halted = Event(), list[str]()
    training = measured_at_once({1.0: [0.5, 0.4, 0.3], 2.0: [0.6, 0.5, 0.2]}, halted)

    def stopped(config: TrainConfig, run: TrainRun, report: Callable[[Progress], None], halt: Event) -> bool:
        stop.set()
        return training(config, run, report, halt)

    monkeypatch.setattr(tune, "train", stopped)
    study, config = Study(tmp_path / "study"), tiny(tmp_path, epochs=3)
    study.begin(config, Search({"lr": [1.0, 2.0]}, trials=2))
    work(study, stop)
    assert halted == ["R01"]
    assert study.ended() == []
    assert [trial.user_attrs["run"] for trial in study.trials()] == ["R01"]
    monkeypatch.setattr(tune, "train", training)
    again = Study(study.folder)
    again.begin(config, Search({"lr": [1.0, 2.0]}, trials=2))
    assert again.epochs_before == 0
    work(again, Event())
    assert again.is_complete()
    ended = {trial.user_attrs["run"]: trial for trial in again.ended()}
    assert len(ended) == 2
    assert all(len(again.run_of(trial).rows()) == 3 for trial in ended.values())
    # the epoch of the first look counts as well
    assert ended["R01"].intermediate_values.keys() == {1, 2, 3}


def test_of_two_that_were_queued_for_one_run_the_one_that_ended_counts(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path), Search({"lr": [1.0, 2.0]}, grid=True))
    study.known.enqueue_trial({"lr": 1.0}, {"run": "R01", "settings": {"lr": 1.0}})
    waiting = {trial.number: trial.user_attrs["run"] for trial in study.known.get_trials()}
    assert waiting == {0: "R01", 1: "R02", 2: "R01"}
    for value in (0.25, 0.75):
        trial = study.known.ask()
        trial.suggest_categorical("lr", [1.0, 2.0])
        study.known.tell(trial, value)
    by_run = {trial.user_attrs["run"]: trial.value for trial in study.trials()}
    assert by_run == {"R01": 0.25, "R02": 0.75}
    assert study.is_complete()
    assert [trial.user_attrs["run"] for trial in study.ended()] == ["R01", "R02"]


def test_what_a_dead_process_was_at_is_queued_again_with_its_settings(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path), Search({"lr": [1.0, 2.0]}, grid=True))
    trial = study.known.ask()
    trial.suggest_categorical("lr", [1.0, 2.0])
    trial.set_user_attr("process", f"{platform.node()}:{os.getpid()}")
    tune._requeue_lost(study.known)
    assert len(study.known.get_trials()) == 2  # it lives
    trial.set_user_attr("process", f"{platform.node()}:999999999")
    tune._requeue_lost(study.known)
    states = [(one.state.name, one.user_attrs["run"]) for one in study.known.get_trials()]
    assert states == [("FAIL", "R01"), ("WAITING", "R02"), ("WAITING", "R01")]
    again = study.known.get_trials()[2]
    assert again.user_attrs["settings"] == {"lr": 1.0}
    assert again.system_attrs["fixed_params"] == {"lr": 1.0}
    elsewhere = study.known.ask()
    elsewhere.set_user_attr("process", "another machine:999999999")
    tune._requeue_lost(study.known)
    assert len(study.known.get_trials()) == 3


def test_a_median_gives_up_what_is_worse_than_half_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = [0.5, 0.4, 0.3, 0.2], [0.9, 0.9, 0.9, 0.9]
    monkeypatch.setattr(tune, "train", measured_at_once(dict.fromkeys((1.0, 2.0, 3.0), good) | {4.0: bad}))
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path, epochs=4), Search({"lr": [1.0, 2.0, 3.0, 4.0]}, trials=4))
    for rate in (1.0, 2.0, 3.0, 4.0):
        study.known.enqueue_trial({"lr": rate})
    work(study, Event())
    lines = {line.split(" | ")[1]: line for line in tune.summary(study).splitlines()}
    assert lines["lr=4.0"].endswith("given up")
    assert not any("given up" in lines[f"lr={rate}"] for rate in (1.0, 2.0, 3.0))
    assert len(study.run_of(study.ended()[3]).rows()) < 4


def test_what_diverged_is_told_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def diverges(*_: object) -> bool:
        raise FloatingPointError("the loss is no number")

    monkeypatch.setattr(tune, "train", diverges)
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path), Search({"lr": [1.0]}, grid=True))
    work(study, Event())
    assert [trial.user_attrs["diverged"] for trial in study.ended()] == ["the loss is no number"]
    assert tune.summary(study) == "R01 | lr=1.0 | diverged\n"
    assert study.is_complete()
    assert study.best() is None


def test_what_a_search_was_at_when_it_died_is_tried_again(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path), Search({"lr": [1.0, 2.0]}, trials=2))
    trial = study.known.ask()
    rate = trial.suggest_categorical("lr", [1.0, 2.0])
    trial.set_user_attr("run", "R01")
    trial.set_user_attr("process", f"{platform.node()}:999999999")
    tune._requeue_lost(study.known)
    again = study.known.get_trials()[1]
    assert (again.user_attrs["run"], again.user_attrs["settings"]) == ("R01", {"lr": rate})
    assert again.system_attrs["fixed_params"] == {"lr": rate}


def test_what_is_known_lies_in_a_journal_that_another_process_reads(tmp_path: Path) -> None:
    study, config = Study(tmp_path / "study"), tiny(tmp_path)
    assert study.epochs_before == 0
    study.begin(config, SMALL)
    assert (study.folder / "journal.log").is_file()
    trial = study.known.ask()
    for epoch in (1, 2, 3):
        trial.report(0.5, epoch)
    again = Study(study.folder)
    again.begin(config, SMALL)
    assert again.known.study_name == "study"
    # each combination is queued once, under the name of its run
    queued = again.known.get_trials()
    assert [trial.user_attrs["run"] for trial in queued] == ["R01", "R02", "R03", "R04"]
    assert [trial.user_attrs["settings"] for trial in queued] == SMALL.combinations()
    assert (study.folder / "runs").is_dir()
    # for people to read
    assert len((study.folder / "study.json").read_text().splitlines()) > 10
    # of the trial that goes on, what was done counts as done
    assert again.epochs_before == 3


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("postgresql://me@there/x", "postgresql+psycopg://me@there/x"),
        ("postgres://me@there/x", "postgresql+psycopg://me@there/x"),
        ("postgresql+psycopg2://me@there/x", "postgresql+psycopg2://me@there/x"),
        ("sqlite:///postgresql://x", "sqlite:///postgresql://x"),
    ],
)
def test_a_database_is_asked_for_by_a_driver_that_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, asked: str
) -> None:
    told: list[Any] = []

    def storage(url: str, **settings: Any) -> optuna.storages.BaseStorage:
        told.append((url, settings))
        return optuna.storages.InMemoryStorage()

    monkeypatch.setattr(tune, "RDBStorage", storage)
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path), Search({"lr": [1.0]}, storage=given))
    assert study.known.study_name == "study"
    ((url, settings),) = told
    assert url == asked
    # a trial without three signs of life is begun again, four times in all
    assert settings["grace_period"] == 3 * settings["heartbeat_interval"] == 15
    assert settings["heartbeat_stale_trial_callback"]._max_retry == 4
    assert not (study.folder / "journal.log").exists()


def test_a_database_that_is_not_ready_is_asked_thrice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries, waited, config = [], list[float](), tiny(tmp_path)

    def refuse(*_: Any, **__: Any) -> Any:
        tries.append(1)
        raise OSError("nobody there\na long story")

    monkeypatch.setattr(tune, "RDBStorage", refuse)
    monkeypatch.setattr(tune.time, "sleep", waited.append)
    with pytest.raises(PolycolorError) as refused:
        Study(tmp_path / "study").begin(config, Search({"lr": [1.0]}, storage="mysql://there/x"))
    assert str(refused.value) == "--storage mysql://there/x: cannot be used (nobody there)"
    assert (len(tries), waited) == (3, [1.0, 2.0])
    # one that cannot be asked at all is asked once, and what is to be installed is said
    monkeypatch.setattr(tune, "RDBStorage", lambda *_, **__: __import__("no_such_driver"))
    waited.clear()
    with pytest.raises(PolycolorError, match=r"--storage mysql://there/x: needs more; install polycolor\[tune\]"):
        Study(tmp_path / "other").begin(config, Search({"lr": [1.0]}, storage="mysql://there/x"))
    assert waited == []


def test_a_search_proposes_and_gives_up_and_a_grid_does_neither(tmp_path: Path) -> None:
    config = tiny(tmp_path)
    search, grid = Study(tmp_path / "search"), Study(tmp_path / "grid")
    search.begin(config, Search({"lr": [1.0]}))
    grid.begin(config, Search({"lr": [1.0]}, grid=True))
    sampler, pruner = search.known.sampler, search.known.pruner
    assert isinstance(sampler, optuna.samplers.TPESampler)
    # what others are at counts as bad, or all would try the same
    assert sampler._constant_liar
    assert isinstance(pruner, optuna.pruners.MedianPruner)
    assert (pruner._n_startup_trials, pruner._n_warmup_steps) == (2, 1)
    assert isinstance(grid.known.pruner, optuna.pruners.NopPruner)
    assert search.known.direction == optuna.study.StudyDirection.MINIMIZE


def test_one_trial_too_many_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune, "train", measured_at_once({1.0: [0.5], 2.0: [0.4]}))
    # two workers saw the same last trial of a grid waiting
    grid = Study(tmp_path / "grid")
    grid.begin(tiny(tmp_path), Search({"lr": [1.0]}, grid=True))
    work(grid, Event())
    grid.known.optimize(lambda trial: tune._objective(grid, grid.known, trial, Event()), n_trials=1)
    assert [trial.user_attrs["run"] for trial in grid.trials()] == ["R01"]
    assert grid.known.get_trials()[1].user_attrs["surplus"] is True
    # and the same of a search
    search = Study(tmp_path / "search")
    search.begin(TrainConfig.load(grid.config), Search({"lr": [1.0, 2.0]}, trials=1))
    work(search, Event())
    search.known.optimize(lambda trial: tune._objective(search, search.known, trial, Event()), n_trials=1)
    assert len(search.trials()) == 1
    assert search.known.get_trials()[1].state.name == "PRUNED"
    assert sorted(path.name for path in (search.folder / "runs").iterdir()) == ["R01"]


def test_a_table_of_what_became_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def diverges(config: TrainConfig, run: TrainRun, *_: object) -> bool:
        run.folder.mkdir(parents=True, exist_ok=True)
        raise FloatingPointError("no number")

    monkeypatch.setattr(tune, "train", diverges)
    study = Study(tmp_path / "study")
    study.begin(tiny(tmp_path), Search({"lr": [1.0], "loss": ["l1"], "upsampling": ["bilinear"]}, grid=True))
    work(study, Event())
    assert conclude(study) is None
    assert (study.folder / "trials.csv").read_bytes() == (
        b"run,state,lr,loss,upsampling,epochs,train_loss,val_loss,masked_accuracy,mean_error\n"
        b"R01,pruned,1.0,l1,bilinear,0,,,,\n"
    )
    assert (study.folder / "summary.txt").read_text() == "R01 | lr=1.0 | loss=L1Loss | bilinear=True | diverged\n"


def test_a_study_of_other_settings_or_in_another_s_place_is_refused(tmp_path: Path) -> None:
    study, config = Study(tmp_path / "study"), tiny(tmp_path)
    study.begin(config, SMALL)
    for other, search in ((config, Search({"lr": [1.0]})), (TrainConfig(), SMALL)):
        with pytest.raises(PolycolorError) as refused:
            Study(study.folder).begin(other, search)
        assert str(refused.value) == f"{study.folder}: a study with other settings; give a new --out"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    with pytest.raises(PolycolorError) as refused:
        Study(tmp_path / "mine").begin(config, SMALL)
    assert str(refused.value) == f"{tmp_path / 'mine'}: is there already and not empty; give a new --out"
    (tmp_path / "empty").mkdir()
    Study(tmp_path / "empty").begin(config, SMALL)
