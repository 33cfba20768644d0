"""The world that validation draws from: shapes and kinds of wear that no training has seen.

Hands, scenes and gaps are those of `synthetic`; what is drawn and what happens to it afterwards is not.
"""

import cv2
import numpy as np

from polycolor_cli.data import illustrations, shapes, wear
from polycolor_cli.data.shapes import TAU, Contour, rounded
from polycolor_cli.data.synthetic import World
from polycolor_cli.data.wear import Gray, clouds

Rng = np.random.Generator


def lightning(rng: Rng) -> Contour:
    """A flash."""
    w = rng.uniform(0.15, 0.4)
    return np.array([[0.1 + w, -1], [-0.5, 0.1], [-0.05, 0.1], [-0.2 - w, 1], [0.5, -0.2], [0.05, -0.2], [0.5, -1]])


def fish(rng: Rng) -> Contour:
    """A body and a tail fin."""
    end = rng.uniform(0.25, 0.5)
    body = np.linspace(end, TAU - end, 48)
    fin = rng.uniform(0.3, 0.6)
    tail = np.array([[1.0, -fin], [0.8, 0], [1.0, fin]])
    return np.concatenate([np.stack([0.7 * np.cos(body) - 0.25, 0.5 * np.sin(body)], 1), tail])


def mushroom(rng: Rng) -> Contour:
    """A cap on a stem."""
    cap = np.linspace(np.pi, TAU, 32)
    stem = rng.uniform(0.15, 0.4)
    foot = np.array([[stem, 0], [stem * rng.uniform(0.8, 1.4), 0.9], [-stem, 0.9], [-stem, 0]])
    return np.concatenate([np.stack([np.cos(cap), np.sin(cap)], 1), foot])


def puzzle_piece(rng: Rng) -> Contour:
    """A square with a knob out of one side and another into the next."""
    r = rng.uniform(0.15, 0.28)
    knob = np.linspace(-0.75 * np.pi, 0.75 * np.pi, 20)
    out = np.stack([0.7 + r * 0.7 + r * np.cos(knob), r * np.sin(knob)], 1)
    into = np.stack([r * np.sin(knob[::-1]), 0.7 - r * 0.7 - r * np.cos(knob)], 1)
    return np.concatenate([[[-0.7, -0.7], [0.7, -0.7]], out, [[0.7, 0.7]], into, [[-0.7, 0.7]]])


def arch(rng: Rng) -> Contour:
    """A gate: an arc on two legs, with a bay as deep as the shape."""
    inner, leg = rng.uniform(0.4, 0.75), rng.uniform(0.3, 0.9)
    over = np.linspace(np.pi, TAU, 32)
    ring = np.stack([np.cos(over), np.sin(over)], 1)
    return np.concatenate([[[-1, leg]], ring, [[1, leg], [inner, leg]], inner * ring[::-1], [[-inner, leg]]])


def snail(rng: Rng) -> Contour:
    """A band rolled up: a spiral with walls."""
    turns = np.linspace(0, rng.uniform(1.1, 1.7) * TAU, 80)
    middle = 0.25 + 0.65 * turns / turns[-1]
    width = rng.uniform(0.06, 0.12)
    sides = [np.stack([(middle + d) * np.cos(turns), (middle + d) * np.sin(turns)], 1) for d in (-width, width)]
    return np.concatenate([sides[0], sides[1][::-1]])


def tooth(rng: Rng) -> Contour:
    """A crown with two roots."""
    corners = [
        [-0.8, -0.9],
        [0, -0.6],
        [0.8, -0.9],
        [0.9, 0],
        [0.5, 1],
        [0.1, rng.uniform(0.1, 0.6)],
        [-0.5, 1],
        [-0.9, 0],
    ]
    return rounded(np.array(corners), rng.uniform(0.2, 0.5))


def crease(rng: Rng, gray: Gray) -> Gray:
    """The folds of a page that was in a pocket: straight, a dark side and a light one."""
    h, w = gray.shape
    x, y = np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32)[:, None]
    for _ in range(int(rng.integers(1, 3))):
        angle = rng.uniform(0, np.pi)
        across = (x - w * rng.uniform(0.2, 0.8)) * np.cos(angle) + (y - h * rng.uniform(0.2, 0.8)) * np.sin(angle)
        across = across / rng.uniform(0.6, 2.5)
        gray = gray + rng.uniform(10, 45) * across * np.exp(-(across**2))
    return gray.astype(np.float32)


def bleed_through(rng: Rng, gray: Gray) -> Gray:
    """What is on the back of the page, mirrored and faint."""
    back = cv2.GaussianBlur(gray[:, ::-1], (0, 0), rng.uniform(0.5, 2))
    return gray - rng.uniform(0.05, 0.2) * np.clip(float(np.median(gray)) - back, 0, None)


def few_grays(rng: Rng, gray: Gray) -> Gray:
    """Three to eight levels of gray, as of a small palette."""
    step = 255 / int(rng.integers(2, 8))
    return np.round(gray / step).astype(np.float32) * np.float32(step)


def sharpened(rng: Rng, gray: Gray) -> Gray:
    """The halos of a scanner that sharpens."""
    soft = cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.8, 2))
    return gray + rng.uniform(0.5, 2.5) * (gray - soft)


def banding(rng: Rng, gray: Gray) -> Gray:
    """Stripes across the page, from a worn drum or a flickering lamp."""
    n = gray.shape[0]
    stripes = np.sin(np.arange(n) * TAU / rng.uniform(3, 25) + rng.uniform(0, TAU)) * rng.uniform(3, 20)
    noise = rng.normal(0, rng.uniform(0, 8), n)
    return gray + (stripes + noise).astype(np.float32)[:, None]


def stain(rng: Rng, gray: Gray) -> Gray:
    """A cup stood here, or something was spilt: a soft patch with a darker rim."""
    field = cv2.GaussianBlur(clouds(rng, gray.shape, 4), (0, 0), 2)
    level = rng.uniform(0.3, 0.7)
    patch = np.clip((field - level) * 12 + 0.5, 0, 1)
    rim = np.exp(-(((field - level) * 30) ** 2))
    return gray * (1 - rng.uniform(0.05, 0.2) * patch - rng.uniform(0, 0.15) * rim)


SHAPES: shapes.Kinds = {
    "lightning": (lightning, 1.0),
    "fish": (fish, 1.0),
    "mushroom": (mushroom, 1.0),
    "puzzle_piece": (puzzle_piece, 1.0),
    "arch": (arch, 1.0),
    "snail": (snail, 1.0),
    "tooth": (tooth, 1.0),
}

KINDS: wear.Kinds = {
    "bleed_through": (bleed_through, 0.25),
    "stain": (stain, 0.25),
    "crease": (crease, 0.25),
    "banding": (banding, 0.25),
    "sharpened": (sharpened, 0.25),
    "few_grays": (few_grays, 0.2),
}

WORLD = World(SHAPES, KINDS, illustrations.CORPUS.with_name("illustrations-unseen.npz"))
