"""The network: one conditional U-Net for every way of telling it the colour, and a second look at edges.

U-Net after Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image
Segmentation" (MICCAI 2015): an encoder and a decoder of 3x3 double convolutions joined by skip
connections. Two departures: the stem folds `patch` x `patch` pixels into channels and the head
unfolds them again (sub-pixel convolution, Shi et al., CVPR 2016), so that the widest planes are
never computed on; and pooling rounds up, so that a picture of any size passes.

The second look is a few convolutions over the pixels and a first guess of the coverage. It puts the
edge where the pixels say it is, after a first look at the same size or at half of it; repeated, it
carries a small coverage up to a picture of any size, as in PointRend (Kirillov et al., CVPR 2020).

Three things that others wished for on this task can be switched on: shortcuts around each double
convolution, self-attention among the coarsest positions, and a colour that comes as a text encoder's vector.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Conditioning = Literal["coverage", "rgb", "embedding", "text-film"]
Upsampling = Literal["bilinear", "transposed"]
Attention = Literal["none", "bottleneck", "coarse"]

SATURATION = 0.1
"""How far a coverage may be from 0 or 1 and still count as exactly that."""
CERTAIN = 0.999
"""How certain the first look may be at most, for the second to be able to change it."""


@dataclass(frozen=True)
class Dimensions:
    """What a network is, apart from its weights.

    conditioning: `coverage` never sees the colour and answers how much of each pixel the shape
    covers; the others answer with the painted picture: `rgb` gets the colour as three more planes,
    `embedding` as a learned vector of `embed_dim` for each of `colors` palette names, and `text-film` as
    the vector of `text_dim` that a text encoder has for the name, which scales and shifts the channels
    of the coarsest level (FiLM, Perez et al., AAAI 2018).
    planes: input planes a drawing is given as (smallest, mean and largest gray under each pixel).
    width: channels at the finest level, doubled at each of `depth` levels up to `max_width`.
    patch: side of the pixel block that the stem folds into channels, 1 for a plain U-Net.
    refine: channels of the second look, 0 for none; only a `coverage` network has one.
    residual: shortcuts around the double convolutions (He et al., CVPR 2016).
    attention: at which levels positions look at each other (Vaswani et al., NIPS 2017): the coarsest one
    (`bottleneck`) or the three coarsest (`coarse`).
    border: whether a `coverage` network also answers where lines run or were meant to run.
    """

    conditioning: Conditioning = "coverage"
    width: int = 16
    depth: int = 6
    max_width: int = 96
    patch: int = 2
    upsampling: Upsampling = "bilinear"
    planes: int = 3
    embed_dim: int = 16
    colors: int = 11
    refine: int = 16
    residual: bool = False
    attention: Attention = "none"
    text_dim: int = 0
    border: bool = False

    def __post_init__(self) -> None:
        for name, choices in (("conditioning", Conditioning), ("upsampling", Upsampling), ("attention", Attention)):
            if getattr(self, name) not in get_args(choices):
                raise ValueError(f"{name} is {getattr(self, name)!r}, not one of {', '.join(get_args(choices))}")
        for name in ("width", "depth", "max_width", "patch", "planes", "embed_dim", "colors"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, and must be at least 1")
        if (self.text_dim > 0) != (self.conditioning == "text-film"):
            raise ValueError(f"text_dim is {self.text_dim}, and conditioning is {self.conditioning}")
        if self.border and self.conditioning != "coverage":
            raise ValueError(f"a network conditioned by {self.conditioning} knows no border")

    @property
    def widths(self) -> list[int]:
        """Channels of each level, finest first."""
        return [min(self.width * 2**level, max(self.max_width, self.width)) for level in range(self.depth)]

    @property
    def color_planes(self) -> int:
        return {"coverage": 0, "rgb": 3, "embedding": self.embed_dim, "text-film": 0}[self.conditioning]

    @property
    def attentive_levels(self) -> range:
        """The levels whose positions look at each other."""
        return range(max(0, self.depth - {"none": 0, "bottleneck": 1, "coarse": 3}[self.attention]), self.depth)

    @property
    def outputs(self) -> int:
        return 1 + self.border if self.conditioning == "coverage" else 3

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def double_convolution(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True)]
    return nn.Sequential(*layers)


class ResidualBlock(nn.Module):
    """A double convolution with a shortcut around it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = double_convolution(inputs, outputs)[:-1]
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.layers(x) + self.shortcut(x))


class SelfAttention(nn.Module):
    """Every position of (N, C, H, W) takes what it looks for from all others; at first nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.heads = max(1, channels // 32)
        while channels % self.heads:
            self.heads -= 1
        self.looked_for = nn.Conv2d(channels, 3 * channels, 1)
        self.found = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.found.weight)
        nn.init.zeros_(self.found.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        queries, keys, values = (
            part.reshape(n, self.heads, c // self.heads, h * w).transpose(2, 3)
            for part in self.looked_for(self.norm(x)).chunk(3, 1)
        )
        taken = F.scaled_dot_product_attention(queries, keys, values)
        return x + self.found(taken.transpose(2, 3).reshape(n, c, h, w))


class Film(nn.Module):
    """Channels scaled and shifted as a vector (N, text_dim) says; at first not at all."""

    def __init__(self, text_dim: int, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(text_dim, 2 * channels)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        scale, shift = self.linear(vector)[:, :, None, None].to(x.dtype).chunk(2, 1)
        return x * (1 + scale) + shift


class Refiner(nn.Module):
    """A drawing and a guess of its coverage, both folded (N, C, H, W) -> what to add to the guess's logits, folded."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        last = nn.Conv2d(width, outputs, 3, padding=1)
        # at first it leaves the guess as it is
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, width, 3, padding=1),
            nn.ReLU(True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(True),
            last,
        )

    def forward(self, drawing: Tensor, guess: Tensor) -> Tensor:
        return self.layers(torch.cat([drawing.to(guess.dtype), guess], 1) - 0.5)


class UNet(nn.Module):
    """drawing (N, planes, H, W) in 0..1, and a colour where it is conditioned on one -> logits.

    The logits are (N, 1, H, W) for `coverage`, whose sigmoid is the covered share of each pixel, with a second
    plane for the border where the network has one, and (N, 3, H, W) for the others, whose sigmoid is the painted
    picture. The colour is RGB (N, 3) in 0..1 for `rgb`, an index (N,) into the palette for `embedding`, and into
    `color.named()`, which the palette begins, for `text-film`.
    """

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.dims = dims
        widths = dims.widths
        block = dims.patch**2
        stem = dims.planes * block + dims.color_planes
        self.fold: nn.Module = nn.PixelUnshuffle(dims.patch)
        self.unfold: nn.Module = nn.PixelShuffle(dims.patch)
        self.embedding = nn.Embedding(dims.colors, dims.embed_dim) if dims.conditioning == "embedding" else None
        if dims.text_dim:
            # a text encoder's vectors for the names: known, not learnt
            self.register_buffer("texts", torch.zeros(dims.colors, dims.text_dim))
        self.film = Film(dims.text_dim, widths[-1]) if dims.text_dim else None
        block_of = ResidualBlock if dims.residual else double_convolution
        self.encoder = nn.ModuleList(block_of(a, b) for a, b in zip([stem, *widths], widths, strict=False))
        self.attention = nn.ModuleDict({str(level): SelfAttention(widths[level]) for level in dims.attentive_levels})
        # the finest skip carries the pixels themselves too: edges are drawn from them
        skips = [widths[0] + stem, *widths[1:-1]]
        below = widths[1:]
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(w, w, 2, stride=2) if dims.upsampling == "transposed" else nn.Identity() for w in below
        )
        self.decoder = nn.ModuleList(block_of(a + b, c) for a, b, c in zip(below, skips, widths[:-1], strict=False))
        refine = dims.refine if dims.conditioning == "coverage" else 0
        self.refiner = Refiner((dims.planes + 1) * block, refine, block) if refine else None
        self.head = nn.Conv2d(widths[0] if dims.depth > 1 else widths[0] + stem, dims.outputs * block, 1)

    def forward(self, drawing: Tensor, color: Tensor | None = None, guess: Tensor | None = None) -> Tensor:
        """The logits for a drawing; with a `guess` of its coverage (N, 1, H, W), only its edges are drawn anew."""
        height, width = drawing.shape[2:]
        folded = self.fold(self._padded(drawing))
        if guess is None:
            logits = self._look(folded, color)
            if self.refiner is None:
                return logits[:, :, :height, :width]
            logits, border = logits[:, :1], logits[:, 1:]
            guess = logits.sigmoid()
        else:
            guess, border = self._padded(guess), None
            logits = torch.logit(guess.float(), 1 - CERTAIN)
        assert self.refiner is not None
        change = self.unfold(self.refiner(folded, self.fold(guess)))
        most = math.log(CERTAIN / (1 - CERTAIN))
        coverage = logits.float().clamp(-most, most) + change
        if border is not None and self.dims.border:
            coverage = torch.cat([coverage, border.to(coverage.dtype)], 1)
        return coverage[:, :, :height, :width]

    def look(self, drawing: Tensor, color: Tensor | None = None) -> Tensor:
        """The logits of the first look alone."""
        height, width = drawing.shape[2:]
        return self._look(self.fold(self._padded(drawing)), color)[:, :, :height, :width]

    def _padded(self, plane: Tensor) -> Tensor:
        patch = self.dims.patch
        return F.pad(plane, (0, -plane.shape[3] % patch, 0, -plane.shape[2] % patch), mode="replicate")

    def _look(self, x: Tensor, color: Tensor | None) -> Tensor:
        if self.dims.conditioning != "coverage" and color is None:
            raise ValueError(f"a network conditioned by {self.dims.conditioning} needs a colour")
        if self.dims.color_planes:
            vector = self.embedding(color) if self.embedding is not None else color
            assert vector is not None
            x = torch.cat([x, vector[:, :, None, None].expand(-1, -1, x.shape[2], x.shape[3]).to(x.dtype)], 1)
        skips = []
        pixels = x
        for level, block in enumerate(self.encoder):
            if level:
                x = F.max_pool2d(x, 2, ceil_mode=True)
            x = block(x)
            if str(level) in self.attention:
                x = self.attention[str(level)](x)
            if self.film is not None and level == self.dims.depth - 1:
                x = self.film(x, self.get_buffer("texts")[color])
            skips.append(x if level else torch.cat([x, pixels.to(x.dtype)], 1))
        x = skips.pop()
        for enlarge, block, skip in zip(reversed(self.enlarge), reversed(self.decoder), reversed(skips), strict=True):
            x = block(torch.cat([self._up(x, skip, enlarge), skip], 1))
        return self.unfold(self.head(x))

    def _up(self, x: Tensor, like: Tensor, enlarge: nn.Module) -> Tensor:
        h, w = like.shape[2], like.shape[3]
        if self.dims.upsampling == "transposed":
            # from 2n to 2n or 2n - 1 this cuts off the last line, which as a slice takes the exporter for ever
            return F.interpolate(enlarge(x), size=(h, w), mode="nearest")
        return F.interpolate(x, size=(h, w), mode="bilinear", align_corners=False)


def exact(coverage: Tensor, saturation: float = SATURATION) -> Tensor:
    """A coverage with its ends pulled to exactly 0 and 1, so that fills are flat and paper stays paper."""
    return ((coverage - saturation) / (1 - 2 * saturation)).clamp(0, 1)


def doubled(coverage: Tensor) -> Tensor:
    """A coverage (N, 1, H, W) at twice the size."""
    return F.interpolate(coverage, scale_factor=2, mode="bilinear", align_corners=False)


def paint(logits: Tensor, gray: Tensor, color: Tensor) -> Tensor:
    """The painted picture (N, 3, H, W) in 0..1 that a network's logits stand for.

    gray: (N, 1, H, W) in 0..1, the drawing; color: RGB (N, 3) in 0..1.
    """
    if logits.shape[1] == 3:
        return logits.sigmoid()
    coverage = logits[:, :1].sigmoid()
    return (1 - coverage) * gray + coverage * color[:, :, None, None]
