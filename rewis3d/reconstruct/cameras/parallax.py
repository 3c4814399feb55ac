"""How much two views of a moving camera differ beyond what turning it explains.

Depth comes from this difference alone. A still or turning camera has none, and what a mapping makes
of it looks like a scene and is none: each pair of views is therefore asked whether a pure rotation
(of a camera whose focal length may be anything where it is not known) puts its matches in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64

from rewis3d.reconstruct.cameras.features import Lens
from rewis3d.reconstruct.cameras.matching import Match

FOCALS: Final = (0.5, 0.62, 0.78, 0.97, 1.2, 1.5, 1.9, 2.4)
"""In longer sides: from 90 to 24 degrees of view."""
SHARE: Final = 0.7
"""The parallax of a pair is what this share of its matches stays below: some may move."""
SOLID: Final = 3.0
"""Pixels, at 480 on the longer side, of parallax that noise and lens can't be taken for."""
SAMPLE: Final = 256
"""Matches of a pair that are asked."""
ROUNDS: Final = 5


def parallaxes(matches: Sequence[Match], lenses: Sequence[Lens]) -> Float64[np.ndarray, " e"]:
    """Return each pair's parallax in pixels of a frame whose longer side is 480 pixels."""
    return np.array([_parallax(match, lenses[match.a], lenses[match.b]) for match in matches])


def _parallax(match: Match, a: Lens, b: Lens) -> float:
    chosen = np.linspace(0, len(match) - 1, min(len(match), SAMPLE)).round().astype(int)
    rays_a, rays_b = _rays(match.a_xy[chosen], a), _rays(match.b_xy[chosen], b)
    focals = _focals(b)
    residual = _unexplained(rays_a, rays_b) * focals[:, None] * 480
    return float(np.quantile(residual, SHARE, axis=1).min())


def _focals(lens: Lens) -> Float64[np.ndarray, " f"]:
    """Return the focal lengths, in longer sides, that a lens may have."""
    if lens.focal is None:
        return np.array(FOCALS)
    return np.full(len(FOCALS), lens.focal / max(lens.width, lens.height))


def _rays(xy: Float64[np.ndarray, "n 2"], lens: Lens) -> Float64[np.ndarray, "f n 3"]:
    """Return the unit rays of pixels for each focal length that the lens may have."""
    side = max(lens.width, lens.height)
    centred = (xy - [lens.width / 2, lens.height / 2]) / side
    focals = _focals(lens)
    plane = centred[None] / focals[:, None, None]
    rays = np.concatenate([plane, np.ones((*plane.shape[:2], 1))], axis=2)
    return rays / np.linalg.norm(rays, axis=2, keepdims=True)


def _unexplained(
    a: Float64[np.ndarray, "f n 3"], b: Float64[np.ndarray, "f n 3"]
) -> Float64[np.ndarray, "f n"]:
    """Return the angles (radians) that stay after the best rotation of a, matches apart robustly.

    Weights 1 / (1 + (angle / median)^2), renewed ROUNDS times: what moves by itself counts little.
    """
    weights = np.ones(a.shape[:2])
    residual = weights
    for _ in range(ROUNDS):
        U, _, Vt = np.linalg.svd(np.einsum("fni,fnj,fn->fij", b, a, weights))
        sign = np.ones((len(a), 3))
        sign[:, 2] = np.sign(np.linalg.det(U @ Vt))
        rotation = (U * sign[:, None]) @ Vt
        residual = np.linalg.norm(b - np.einsum("fij,fnj->fni", rotation, a), axis=2)
        middle = np.maximum(np.median(residual, axis=1, keepdims=True), 1e-6)
        weights = 1 / (1 + (residual / middle) ** 2)
    return residual
