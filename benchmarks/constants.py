"""What the rules around the network and their constants are worth: rules left out, constants halved and doubled.

    python benchmarks/constants.py FOLDER [FOLDER ...]

Each folder is one that `polycolor evaluate` takes. The network's answers are kept from one variant to the next. A row
says how many drawings lose and gain over .003 of soft IoU, and how many are right (.95) no more, or now.
"""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np

from polycolor_cli.evaluate import metrics
from polycolor_cli.evaluate.cases import Truth, read_cases
from polycolor_cli.fill import (
    basins,
    bites,
    bridges,
    clean,
    closed,
    colorizer,
    faint,
    frames,
    gaps,
    gray,
    ground,
    leads,
    letters,
    network,
    pieces,
    rules,
)

RULES: dict[str, Any] = {
    "with_dark_ink": lambda drawing: drawing,
    "exact_where_clean": lambda gray, coverage, half, ends: coverage,
    "soft_edges": lambda gray, coverage, edge, ink_gray, paper_gray, soft=1: coverage,
    "decide_basins": lambda coverage, wall: coverage,
    "decide_soft_areas": lambda coverage, share=0.5: coverage,
    "fill_holes": lambda coverage: coverage,
    "without_veils": lambda coverage: coverage,
    "without_stones": lambda gray, coverage: coverage,
    "bridged": lambda gray, coverage, ends: coverage,
    "closed_coverage": lambda gray, tones: None,
    "without_bites": lambda coverage, inside, enclosed: None,
    "coverage_across_gaps": lambda gray, tones: None,
    "pieces": lambda page, longest: iter(()),
    "is_text": lambda page: False,
    "cleaned": lambda gray: None,
    "inside_frame": lambda gray, coverage: None,
    "without_letters": lambda gray, coverage: None,
}
"""What stands in for each rule where it is left out."""
OWN = {
    rules: ("SOFT", "EDGE", "INK", "NOISY", "ENLARGED", "DARK_PAPER"),
    faint: ("FLAT", "DARKEST", "INKED", "FAINT", "FAINTEST", "DARK"),
    closed: ("REACH", "THINNEST"),
    basins: ("FREE", "DEEP", "PAPER", "PARTED", "CLEAR"),
    bites: ("WHOLE", "EVEN", "UNEVEN", "LONGEST", "DEEP"),
    gaps: ("MOST", "END", "CAP", "NARROW", "LONGEST", "MOUTH"),
    bridges: (
        "WIDE",
        "SMALL",
        "LONGEST",
        "LONGEST_CORNER",
        "LEG",
        "CAP",
        "CAP_AROUND",
        "TURN",
        "LOPSIDED",
        "STRAYING",
        "ROUNDED",
        "APART",
        "SHARP",
    ),
    leads: (
        "LEAST_SEEN",
        "MOST_SEEN",
        "FEWEST",
        "NARROWEST",
        "OFF",
        "BENT",
        "BLUNT",
        "PARALLEL",
        "BEYOND",
        "BESIDE",
        "LEG_SEEN",
        "ALIKE",
        "STRAIGHT",
        "SMOOTH",
        "CORNER",
        "DIFFERENT",
    ),
    pieces: ("LONGEST", "JOINED", "MOST", "CLOSE", "CLOSE_WORDS", "SAME", "LETTERS", "TEXT", "TALL", "AROUND"),
    clean: ("CERTAIN", "LIGHTER", "DARKEST", "BETWEEN", "EXACT", "RIM", "FAR", "WORN"),
    letters: (
        "SMALL",
        "LEGIBLE",
        "WIDE",
        "MOST",
        "ROW",
        "LINE",
        "CLOSE",
        "SAME",
        "OVERLAP",
        "ALIKE",
        "STRAIGHT",
        "INKED",
        "BARE",
        "MARK",
        "AS_HIGH",
    ),
    frames: ("SEEN", "COVERED", "MARGIN", "THIN", "WHOLE"),
    ground: ("NEAR", "EVEN", "PALE", "SOLID"),
    colorizer: ("FOUND", "UNCLEAR", "HOPELESS", "GUESSWORK", "DOT"),
}
"""The constants, by the module that they are set in."""


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """Every picture is looked at once, and once more where basins are decided otherwise."""
    answers: dict[tuple[Any, ...], tuple[np.ndarray, float]] = {}
    look = network.Network.look

    def kept(
        self: Any, gray: np.ndarray, inputs: Any, clean: Any = None, closer: bool = False
    ) -> tuple[np.ndarray, float]:
        decided_by = (basins.decide_basins, *(getattr(basins, name) for name in OWN[basins]))
        key = (gray.tobytes(), gray.shape, clean, closer, *decided_by)
        if key not in answers:
            answers[key] = look(self, gray, inputs, clean, closer)
        answer, guessed = answers[key]
        return answer.copy(), guessed

    with mock.patch.object(network.Network, "look", kept):
        yield


@contextlib.contextmanager
def changed(owner: ModuleType, name: str, value: Any) -> Iterator[None]:
    """A constant or a rule of a module changed, wherever it is known by its name; others may have one of the same."""
    usual = getattr(owner, name)
    with contextlib.ExitStack() as stack:
        for module in (*OWN, gray):
            if hasattr(module, name) and getattr(module, name) == usual:
                stack.enter_context(mock.patch.object(module, name, value))
        yield


def scores(fill: colorizer.Colorizer, drawings: list[Truth]) -> np.ndarray:
    return np.array(
        [metrics.soft_iou(fill.coverage(one.drawing)[one.known] / 255, one.coverage[one.known]) for one in drawings]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    drawings = [case.load() for folder in parser.parse_args().folders for case in read_cases(folder)]
    fill = colorizer.Colorizer()
    with remembered():
        before = scores(fill, drawings)
        print(f"{len(drawings)} drawings, {np.mean(before >= metrics.RIGHT):.1%} right, mean {before.mean():.4f}\n")
        print("| changed | worse / better | no more right / right now |\n|---|---|---|")

        def row(words: str, owner: ModuleType, name: str, value: Any) -> None:
            with changed(owner, name, value):
                after = scores(fill, drawings)
            lost = np.sum((before >= metrics.RIGHT) & (after < metrics.RIGHT))
            won = np.sum((before < metrics.RIGHT) & (after >= metrics.RIGHT))
            worse, better = np.sum(after < before - 0.003), np.sum(after > before + 0.003)
            print(f"| {words} | {worse} / {better} | {lost} / {won} |", flush=True)

        for name, instead in RULES.items():
            owner = next(module for module in (*OWN, gray) if hasattr(module, name))
            row(f"without `{name}`", owner, name, instead)
        for module, names in OWN.items():
            for name in names:
                usual = getattr(module, name)
                for factor in (0.5, 2):
                    value = type(usual)(usual * factor)
                    row(f"`{name}` {usual:g} -> {value:g}", module, name, value)


if __name__ == "__main__":
    main()
