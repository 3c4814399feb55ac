"""How well a reconstruction knows the lens that it found together with everything else.

A camera that never turns leaves its focal length open: every one of them explains the images, each
with another depth. The covariance of the bundle adjustment says so, where residuals do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pycolmap
from jaxtyping import Float64

from rewis3d.reconstruct.cameras.features import Lens
from rewis3d.reconstruct.cameras.model import Model

DOUBTFUL: Final = 0.08
"""Relative standard deviation of the focal length, or of the image's corner where distortion moves
it, from which a lens is not known. Being linear it says too little of a large uncertainty: clips
at 0.06 were 8 % off, one that never turned was 60 % off at 0.12."""
BENT: Final = 0.35
"""Share by which distortion may move the image's corner before it is taken for a mistake."""

KNOWN: Final = 0.1
"""Share by which a solved focal length may differ from the one in the image's file: makers round,
and photos from few sides let it drift by more."""


def believable(model: Model, lenses: Sequence[Lens]) -> bool:
    """Say whether the lenses that came out with a model can be those that took its images."""
    drifts = [
        abs(float(model.cameras[place].K[0, 0]) / known - 1)
        for place in model.places
        if (known := lenses[place].focal) is not None
    ]
    return model.doubt < DOUBTFUL and max(drifts, default=0.0) <= KNOWN


def doubt_of(found: pycolmap.Reconstruction, *, given: bool) -> float:
    """Return the largest uncertainty of any lens as a share; inf where it can't be told.

    `given`: the focal length is known, and only distortion was looked for.
    """
    if found.num_points3D() == 0:
        return float("inf")
    covariance = _covariance(found)
    if covariance is None:
        return float("inf")
    noise = max(float(found.compute_mean_reprojection_error()), 0.1)
    used = {found.image(number).camera_id for number in found.reg_image_ids()}
    return max(
        _doubt(found.camera(camera), covariance, noise=noise, given=given) for camera in used
    )


def _covariance(found: pycolmap.Reconstruction) -> pycolmap.BACovariance | None:
    config = pycolmap.BundleAdjustmentConfig()
    for number in found.reg_image_ids():
        config.add_image(number)
    config.fix_gauge(pycolmap.BundleAdjustmentGauge.TWO_CAMS_FROM_WORLD)
    adjuster = pycolmap.create_default_ceres_bundle_adjuster(
        pycolmap.BundleAdjustmentOptions(), config, found
    )
    return pycolmap.estimate_ba_covariance(pycolmap.BACovarianceOptions(), found, adjuster)


def _doubt(
    camera: pycolmap.Camera, covariance: pycolmap.BACovariance, *, noise: float, given: bool
) -> float:
    block = covariance.get_other_params_cov(camera.params)
    if block is None:
        return float("inf")
    focal = float(camera.params[0])
    corner = (camera.width**2 + camera.height**2) / (4 * focal**2)
    if len(block) > 1 and abs(float(camera.params[3])) * corner > BENT:
        return float("inf")
    scale = np.array([1 / focal, corner])[: len(block)]
    return _largest(noise**2 * block * np.outer(scale, scale), given=given)


def _largest(block: Float64[np.ndarray, "p p"], *, given: bool) -> float:
    """Return the larger standard deviation of (focal length, distortion)."""
    if not given:
        return float(np.sqrt(np.diag(block).max()))
    return float(np.sqrt(1 / np.linalg.inv(block)[1, 1])) if len(block) > 1 else 0.0
