"""A view as teacher and student see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from rewis3d.augment.image import disturbed, framed
from rewis3d.augment.points import moved
from rewis3d.material import CloudAugment, ImageAugment
from rewis3d.types import ViewSample


@dataclass(frozen=True, slots=True)
class TrainingSample:
    """One view of a training step; the pairs are the same for both networks."""

    view: ViewSample
    """As the teacher sees it."""
    image_student: UInt8[np.ndarray, "h w 3"]
    xyz_student: Float32[np.ndarray, "n 3"] | None
    """None where the view has no cloud."""
    features: Float32[np.ndarray, "n f"] | None = None
    """What the 3D network is told of a point beside its place and colour."""


def augmented(
    sample: ViewSample,
    *,
    image: ImageAugment,
    cloud: CloudAugment,
    rng: np.random.Generator,
) -> TrainingSample:
    """Return a sample as both networks see it.

    The image's changes are drawn first: a view without a cloud is shown as one with a cloud is.
    """
    view = framed(sample, image, rng=rng)
    image_student = disturbed(view.image, image, rng=rng)
    xyz_student = None if view.cloud is None else moved(view.cloud, cloud, rng=rng)
    return TrainingSample(view, image_student, xyz_student)
