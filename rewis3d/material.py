"""Settings of what a round learns from: which points of a view, and how it is changed.

Groups of rewis3d/method.py, which says how they are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from rewis3d.config import Checked, Count, NotNegative, Part, Positive, Range, Share, demand


@dataclass(frozen=True, slots=True)
class Sampling(Checked):
    """Which points the 3D network sees of a view (section 3.2)."""

    points: Count = 120_000
    """At most so many of a view (section 3.2)."""
    own_share: Share = 0.6
    """Share of them that come from the view itself (section 3.2)."""
    labelled_share: Share = 0.0
    """Share of a view's other points that come from labelled cells, as far as there are any."""
    sampling: Literal["view", "random", "own"] = "view"
    """View-aware; or random-sampling: of the whole scene; or single: the view's own alone."""
    resample: Literal["epoch", "once"] = "epoch"
    """How often a view's points are drawn anew."""
    radius_quantile: Annotated[float, Range(above=0, most=1)] = 0.95
    """Which quantile of the own points' distances from their centroid is their extent."""
    radius_factor: Positive = 1.5
    """The rest lies within so many extents of the centroid ("a spatial radius", section 3.2)."""
    range_across: Positive = 70.0
    """Points lie within so many metres of the camera on each side,"""
    range_up: Positive = 30.0
    """above and below,"""
    range_ahead: Positive = 130.0
    """ahead and behind."""
    outside: Literal["drop", "clamp"] = "drop"
    """What happens to other points; pairs of a dropped one are dropped too."""


@dataclass(frozen=True, slots=True)
class ImageAugment(Checked):
    """What happens to images; student and teacher share resizing, flip and crop (section 3.4)."""

    framing: Literal["crop", "whole"] = "crop"
    """whole: frames are neither resized nor cropped, as lite needs it."""
    crop_height: Count = 376
    """Pixels."""
    crop_width: Count = 512
    """Pixels."""
    resize_least: Positive = 0.5
    """Least factor by which a frame is resized, but never below the crop."""
    resize_most: Positive = 1.2
    """Largest factor."""
    aspect: Part = 0.1
    """Its width is resized by up to this share more or less than its height."""
    flip: Share = 0.5
    """How often it is mirrored."""
    blur: Share = 0.5
    """How often the student's image is blurred by a Gaussian."""
    blur_kernel: Count = 7
    """Its pixels along a side."""
    blur_least: Positive = 0.1
    """Its least standard deviation."""
    blur_most: Positive = 1.5
    """Its largest."""
    augmix: Share = 0.5
    """How often the student's image is mixed with recoloured ones (AugMix, colours alone)."""
    augmix_severity: Annotated[int, Range(least=1, most=10)] = 2
    """How strongly they are recoloured."""
    augmix_width: Count = 3
    """How many they are."""
    augmix_depth: Count = 3
    """By how many operations in a row at most."""
    cutout: Share = 1.0
    """How often a black square covers some of the student's image."""
    cutout_again: Share = 0.5
    """How often another one does."""
    cutout_size: Count = 90
    """Side of a square in pixels."""

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        for least, most in (("resize_least", "resize_most"), ("blur_least", "blur_most")):
            bound = getattr(self, least)
            demand(self, most, getattr(self, most) >= bound, f"{bound} or more ({least})")
        demand(self, "blur_kernel", self.blur_kernel % 2 == 1, "odd")


@dataclass(frozen=True, slots=True)
class CloudAugment(Checked):
    """What happens to the student's points (section 3.4)."""

    rotate: Share = 0.5
    """How often they are turned by a random angle."""
    rotation_axis: Literal["up", "optical"] = "up"
    """About the scene's up axis, or the camera's optical axis."""
    point_scale: Part = 0.1
    """They are scaled by up to this share."""
    point_flip: Share = 0.5
    """How often each axis of the ground plane is mirrored."""
    jitter: NotNegative = 0.005
    """Standard deviation of the noise on each coordinate, in the scene's unit."""
    jitter_clip: NotNegative = 0.02
    """Bound of that noise."""
