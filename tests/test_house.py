"""One-way streets: a room imports from rooms below it, never from above, at the top of its files or within them."""

import ast
from pathlib import Path

import pytest

import polycolor_cli

HOME = Path(polycolor_cli.__file__).parent
FLOORS = (
    {"errors", "privacy", "processes"},
    {"color"},
    {"files"},
    {"models"},
    {"data", "fill"},
    {"batch", "evaluate"},
    {"nn"},
    {"train"},
    {"tune", "page"},
    {"cli"},
)
"""The rooms of the house, from the ground up; those of one floor do not know each other."""


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def imported(path: Path) -> set[str]:
    """The rooms that a file imports from, wherever in it, but for its own."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("polycolor_cli.")}
    return rooms - {"__version__", "Colorizer", "colorize"}


FILES = [path for path in HOME.rglob("*.py") if path.parent != HOME or path.stem in FLOORS[0] | FLOORS[1]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOME)))
def test_streets_are_one_way(path: Path) -> None:
    place = path.relative_to(HOME).parts
    room = place[0].removesuffix(".py")
    for other in imported(path) - {room}:
        assert floor_of(other) < floor_of(room), f"{room} looks up to {other}"


def test_no_two_files_of_a_room_lean_on_each_other() -> None:
    for folder in {path.parent for path in FILES if path.parent != HOME}:
        leans: dict[str, set[str]] = {}
        for path in folder.glob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            # at run time: what is imported for its types alone does not count
            typed = {
                id(inner)
                for node in ast.walk(tree)
                if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
                for inner in ast.walk(node)
            }
            room = f"polycolor_cli.{folder.name}"
            found = set()
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and id(node) not in typed and (node.module or "").startswith(room):
                    inside = (node.module or "").removeprefix(room).strip(".")
                    found |= {inside} if inside else {alias.name for alias in node.names}
            leans[path.stem] = found - {path.stem}
        for name, others in leans.items():
            for other in others:
                assert name not in leans.get(other, set()), f"{folder.name}: {name} and {other} import each other"
