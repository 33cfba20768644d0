"""How many small faults, put into the code one at a time by mutmut, the tests of their room catch.

    pip install mutmut
    python benchmarks/mutants.py OUT [--rooms fill,models] [--count 100] [--seed 7]

Each room is mutated in a copy below OUT, and a sample of its mutants run against the tests of that room and of the
command line; what survives is shown as a diff, to be read: some change nothing that anybody could see.
"""

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = {
    "fill": ["fill", "cli/test_colorize.py"],
    "batch": ["batch", "cli/test_batch.py"],
    "models": ["models"],
    "files": ["files", "cli/test_colorize.py"],
    "train": ["train", "cli/test_train.py"],
    "tune": ["tune"],
}
"""The tests of each room, below tests/."""
SETTINGS = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = ["src/polycolor_cli/{room}/*.py"]
pytest_add_cli_args_test_selection = {tests}
# mutmut imports conftest a second time, so that nothing of it can go to another process
pytest_add_cli_args = ["-p", "no:xdist", "-m", "not slow", "-k", "not kills_its_process"]
also_copy = ["dataset", "models", "README.md"]
"""


def mutmut(folder: Path, *words: str) -> str:
    command = [str(Path(sys.executable).with_name("mutmut")), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout


def copied(room: str, folder: Path) -> Path:
    """A copy of the repository that is set up for the mutants of a room."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    tests = [f"tests/{name}" for name in ROOMS[room]]
    with (folder / "pyproject.toml").open("a") as file:
        file.write(SETTINGS.format(room=room, tests=json.dumps(tests)))
    # makes the mutants, and learns which test runs which function; then there is none of that name
    mutmut(folder, "run", "--max-children", "1", f"polycolor_cli.{room}.none")
    return folder


def sample(folder: Path, count: int, seed: int) -> list[str]:
    known = (json.loads(path.read_text())["exit_code_by_key"] for path in sorted(folder.rglob("mutants/**/*.meta")))
    names = [name for of_file in known for name in sorted(of_file)]
    random.Random(seed).shuffle(names)
    return names[:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rooms", default=",".join(ROOMS))
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    for room in given.rooms.split(","):
        folder = copied(room, given.out / room)
        chosen = set(sample(folder, given.count, given.seed))
        mutmut(folder, "run", "--max-children", "2", *sorted(chosen))
        told = re.findall(r"^\s*(\S+): (.+?)\s*$", mutmut(folder, "results", "--all", "true"), re.MULTILINE)
        became = {name: state for name, state in told if name in chosen}
        count = Counter(became.values())
        caught = sum(count[state] for state in ("killed", "timeout", "segfault", "suspicious"))
        print(
            f"{room}: {caught} of {len(became)} caught ({caught / max(len(became), 1):.0%}); {dict(count)}", flush=True
        )
        for name, state in sorted(became.items()):
            if state in ("survived", "no tests"):
                lines = [line for line in mutmut(folder, "show", name).splitlines() if re.match(r"[-+] ", line)]
                print(f"    {name}: {state}", *lines, sep="\n        ", flush=True)


if __name__ == "__main__":
    main()
