"""Whether what two views have in common fits where their cameras are said to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64

from rewis3d.geometry import Camera, inverse
from rewis3d.reconstruct.cameras.matching import Match

TOLERANCE: Final = 1 / 160
"""Of the longer side, as a share: how far a match may lie from where the cameras say it is."""
FAR: Final = 0.5
"""Degrees between two rays below which nobody can tell whether they meet in front."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A view's camera and pose."""

    camera: Camera
    T_world_camera: Float64[np.ndarray, "4 4"]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where the rays of a pair's matches pass each other. Lengths are in the world's unit."""

    error_px: Float64[np.ndarray, " n"]
    """From the epipolar geometry (Sampson's distance), in pixels of the first image."""
    depth_a: Float64[np.ndarray, " n"]
    """Along the optical axis of the first camera; the second's is `depth_b`."""
    depth_b: Float64[np.ndarray, " n"]
    angle: Float64[np.ndarray, " n"]
    """Degrees between the rays."""
    turned_px: Float64[np.ndarray, " n"]
    """How far the matches are from where they were if all were infinitely far, in pixels."""


def cross(match: Match, a: Placed, b: Placed) -> Crossing:
    """Intersect the rays of a pair's matches."""
    rays_a, rays_b = a.camera.rays(match.a_xy), b.camera.rays(match.b_xy)
    T_b_a = inverse(b.T_world_camera) @ a.T_world_camera
    turned = rays_a @ T_b_a[:3, :3].T
    depth_a, depth_b = _depths(turned, rays_b, T_b_a[:3, 3])
    focal = float(a.camera.K[0, 0])
    cosine = _unit(turned) * _unit(rays_b)
    return Crossing(
        error_px=_sampson(rays_a, rays_b, T_b_a) * focal,
        depth_a=depth_a,
        depth_b=depth_b,
        angle=np.degrees(np.arccos(np.clip(cosine.sum(axis=1), -1, 1))),
        turned_px=np.linalg.norm(_unit(turned) - _unit(rays_b), axis=1) * focal,
    )


def agreeing(match: Match, a: Placed, b: Placed) -> Bool[np.ndarray, " n"]:
    """Say which matches fit the cameras: near their epipolar line and in front, or very far."""
    crossing = cross(match, a, b)
    limit = TOLERANCE * max(a.camera.width, a.camera.height)
    front = (crossing.depth_a > 0) & (crossing.depth_b > 0)
    near = (crossing.error_px < limit) & (front | (crossing.angle < FAR))
    return near | (crossing.turned_px < limit)


def _depths(
    a: Float64[np.ndarray, "n 3"], b: Float64[np.ndarray, "n 3"], t: Float64[np.ndarray, "3"]
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Solve s a + t = u b for s and u, least squares."""
    aa, ab, bb = (a * a).sum(axis=1), (a * b).sum(axis=1), (b * b).sum(axis=1)
    at, bt = a @ t, b @ t
    determinant = np.maximum(aa * bb - ab * ab, 1e-300)
    return (ab * bt - bb * at) / determinant, (aa * bt - ab * at) / determinant


def _sampson(
    a: Float64[np.ndarray, "n 3"], b: Float64[np.ndarray, "n 3"], T_b_a: Float64[np.ndarray, "4 4"]
) -> Float64[np.ndarray, " n"]:
    x, y, z = T_b_a[:3, 3] / max(float(np.linalg.norm(T_b_a[:3, 3])), 1e-300)
    E = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ T_b_a[:3, :3]
    lines_b, lines_a = a @ E.T, b @ E
    slope = (lines_b[:, :2] ** 2).sum(axis=1) + (lines_a[:, :2] ** 2).sum(axis=1)
    return np.abs((b * lines_b).sum(axis=1)) / np.sqrt(np.maximum(slope, 1e-300))


def _unit(rays: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 3"]:
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)
