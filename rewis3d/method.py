"""Settings of a round of the method: every choice of the paper and of its released code.

The defaults are the preset `paper`. "Section" and "eq." are the paper's; where a docstring names
neither, docs/method.md says where the value comes from. No two groups share a setting's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from rewis3d.config import Checked, Count, NotNegative, Part, Positive, Range, Share, Whole, demand
from rewis3d.material import CloudAugment, ImageAugment, Sampling
from rewis3d.types import Rewis3dError

Average = Literal["pixels", "pixels and classes"]
Over = Literal["unlabelled", "all"]
Divisor = Literal["pairs", "weights", "none"]
Schedule = Literal["linear", "one-cycle"]
LENGTHS: Final = ("epochs", "steps", "minutes")
"""Exactly one of these settings is above 0."""


def _demand_end(settings: object, ramp: str, *, start: float) -> None:
    """Refuse a ramp that would end after the last step."""
    most = 1 - start
    demand(settings, ramp, getattr(settings, ramp) <= most + 1e-9, f"{most:g} or less, to end")


@dataclass(frozen=True, slots=True)
class Networks(Checked):
    """What is trained."""

    branches: Literal["both", "2d"] = "both"
    """2d: neither 3D network nor cross-modal loss (the rows ce and ema of a table)."""
    model: Literal["segformer", "lite"] = "segformer"
    """The 2D network (section 4.1), or EfficientNet-Lite0 under the head of a quick round."""
    weights: str = "nvidia/mit-b4"
    """SegFormer's at the start (section 4.1): a hub id or a folder. lite's come in a package."""
    hidden: Count = 128
    """Units of lite's head."""
    scale: Positive = 1.5
    """lite sees a frame enlarged by this factor."""
    longest: Annotated[int, Range(least=32)] = 1080
    """Upper bound in pixels on the longer side of what lite sees."""
    backbone: Literal["trained", "frozen"] = "trained"
    """frozen: of lite the head alone learns, on whole frames, whose maps are computed once."""
    points_model: Literal["published", "tiny"] = "published"
    """Point Transformer V3 as published (section 4.1), or of a size for CPUs."""
    point_features: Literal["rgb", "lifted"] = "rgb"
    """What it sees of a point beside its place; lifted: the 2D backbone's features too."""
    grid: Positive = 0.05
    """Side of its voxels in the scene's unit."""
    warm_start: bool = False
    """Start from the networks of an earlier round, as far as there are any."""

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        wanted = "empty for lite" if self.model == "lite" else "a hub id or a folder for segformer"
        demand(self, "weights", (self.weights == "") == (self.model == "lite"), wanted)


@dataclass(frozen=True, slots=True)
class Run(Checked):
    """How long, on which frames, and where."""

    epochs: Whole = 50
    """Passes over the training frames (section 4.1)."""
    steps: Whole = 0
    """Optimiser steps."""
    minutes: NotNegative = 0.0
    """Time spent in training."""
    batch: Count = 12
    """Views in one optimiser step, over all GPUs (section 4.1)."""
    micro_batch: Count = 6
    """Views that go through the networks at once, at most; the losses don't depend on it."""
    frames: Literal["labelled", "all"] = "labelled"
    """all: also those without strokes, for the losses that need none."""
    labelled_views: Share = 0.0
    """Share of a step's views that have labels, in turn; 0: all views come equally often."""
    judge_at: Annotated[float, Range(above=0, most=1)] = 0.85
    """After this share of the steps the held-out labels judge; from then on they are learnt too."""
    labels: Literal["strokes", "grown"] = "strokes"
    """grown: also what grows from strokes, as a quick round does (lite alone)."""
    absent_class: Literal["left out", "zero"] = "left out"
    """What a class that the truth doesn't show is in the mean IoU."""
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    """Of the networks' forward passes; losses are float32 always."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: CUDA where there is one."""
    threads: Whole = 0
    """CPU threads; 0 leaves it to whoever starts the round."""

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        lengths = [getattr(self, name) for name in LENGTHS]
        if sum(length > 0 for length in lengths) != 1:
            found = ", ".join(f"{length:g}" for length in lengths)
            raise Rewis3dError(f"one of {', '.join(LENGTHS)} must be more than 0, not {found}")


@dataclass(frozen=True, slots=True)
class MeanTeacher(Checked):
    """How a teacher follows its student (section 3.3)."""

    alpha: Part = 0.99
    """Share of the teacher that stays in a step (eq. 1)."""
    warm_up: Literal["step", "epoch"] = "step"
    """At first it is 1 - 1 / (i + 1) if that is less: i counts all steps, or an epoch's."""
    teacher_mode: Literal["eval", "train"] = "eval"
    """train: dropout is on, and norms use their batch."""


@dataclass(frozen=True, slots=True)
class Losses(Checked):
    """Supervision and consistency within a branch (section 3.3)."""

    consistency: bool = True
    """no: labels alone teach (the row ce of a table)."""
    beta: Part = 0.5
    """Weight of consistency; supervision has the rest (eq. 4)."""
    balance: Literal["weighted", "sum"] = "weighted"
    """As eq. 4 puts them together, or the plain sum that eq. 7 prints."""
    tau: Share = 0.95
    """A teacher is sure from this probability on (eq. 3)."""
    kl_average: Average = "pixels"
    """What the divergence in 2D is averaged over (eq. 2); in 3D it is the points."""
    w_t_over: Over = "unlabelled"
    """Where the teacher is asked how sure it is (eq. 3)."""
    consistency_start: Part = 0.0
    """Share of the steps without consistency."""
    consistency_ramp: Share = 0.0
    """Share of the steps in which its weight rises then."""

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        _demand_end(self, "consistency_ramp", start=self.consistency_start)


@dataclass(frozen=True, slots=True)
class CrossModal(Checked):
    """Cross-modal consistency (section 3.4)."""

    lambda_2d: NotNegative = 0.1
    """Weight of what 3D teaches 2D (eq. 7, section 4.1)."""
    lambda_3d: NotNegative = 0.1
    """Weight of what 2D teaches 3D."""
    cmc_start: Part = 0.3
    """Share of the steps without it: 15 of 50 epochs (section 4.1)."""
    cmc_start_warm: Part = 0.0
    """The same where both branches start from an earlier round's networks."""
    cmc_ramp: Share = 0.1
    """Share of the steps in which its weight rises then: 5 of 50 epochs (section 4.1)."""
    cmc_stairs: Whole = 0
    """It rises in so many stairs; 0: with every step."""
    cmc_divisor: Divisor = "pairs"
    """What the sum over pairs is divided by; eq. 5 prints none."""
    prediction_weights: bool = True
    """Weigh pairs by the teacher's confidence (eq. 6; off in the row rec-only)."""
    reconstruction_weights: bool = True
    """Weigh pairs by the reconstruction's confidence c (eq. 6; off in the row pred-only)."""
    c_rec: Literal["unit", "raw"] = "unit"
    """c from 0 to 1, or MapAnything's own 1 / (1 - c), which is 1 or more."""
    sky_teacher: bool = False
    """A frozen teacher supplies classes without geometry where there are no points."""

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        _demand_end(self, "cmc_ramp", start=max(self.cmc_start, self.cmc_start_warm))


@dataclass(frozen=True, slots=True)
class Optimiser(Checked):
    """AdamW and its schedules (section 4.1)."""

    lr_2d: Positive = 5e-5
    """Highest learning rate in 2D (section 4.1)."""
    lr_2d_blocks: Positive = 5e-5
    """The same for parameters with "block" in their name."""
    weight_decay_2d: NotNegative = 1e-8
    """Decoupled."""
    schedule_2d: Schedule = "linear"
    """Down to 0, or one cycle: a cosine up, then one down."""
    lr_3d: Positive = 1e-3
    """Highest learning rate in 3D (section 4.1)."""
    lr_3d_blocks: Positive = 1e-3
    """The same for parameters with "block" in their name."""
    weight_decay_3d: NotNegative = 5e-3
    """Decoupled."""
    schedule_3d: Schedule = "one-cycle"
    """As in 2D."""
    cycle_rise: Annotated[float, Range(above=0, below=1)] = 0.04
    """Share of the steps in which one cycle rises."""
    cycle_start: Annotated[float, Range(least=1)] = 10.0
    """It starts at the highest rate divided by this."""
    cycle_end: Annotated[float, Range(least=1)] = 100.0
    """It ends at its first rate divided by this."""


@dataclass(frozen=True, slots=True)
class Temporal(Checked):
    """What the frames around tell a frame along optical flow: no part of the paper."""

    temporal: bool = False
    """Strokes carried to other frames, and the 2D teacher's predictions fused over time, teach."""
    lambda_t: NotNegative = 0.5
    """Weight of what they teach."""
    temporal_start: Part = 0.0
    """Share of the steps after which the teacher is asked; until then nothing of it is taught."""
    temporal_sure: Share = 0.6
    """Fused probability from which on a prediction is a pseudo-label."""
    temporal_carried: Part = 0.33
    """Share of what a frame is told that carried strokes may have."""
    memory: Part = 0.9
    """What the frames before and after count in what is fused, for each step away."""
    fused: bool = False
    """The clip's labels are read off over time in the end, where held-out strokes agree."""


@dataclass(frozen=True, slots=True)
class MethodConfig(Checked):
    """All settings of a round."""

    networks: Networks = Networks()
    run: Run = Run()
    teacher: MeanTeacher = MeanTeacher()
    losses: Losses = Losses()
    cross_modal: CrossModal = CrossModal()
    temporal: Temporal = Temporal()
    optimiser: Optimiser = Optimiser()
    sampling: Sampling = Sampling()
    image: ImageAugment = ImageAugment()
    cloud: CloudAugment = CloudAugment()

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        # its head knows places by the whole frame, and a crop of a large one is seen larger
        whole = self.networks.model != "lite" or self.image.framing == "whole"
        demand(self.image, "framing", whole, "whole for lite")
