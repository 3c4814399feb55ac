"""Depths beside points that were not used to make them: SIFT matches, triangulated anew.

The cameras are those of the scene. A point counts that at least MATES other frames show where its
epipolar line runs, under an angle of at least ANGLE, and that all of them see within MISS pixels of
where it is triangulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.stereo_truth import share
from rewis3d.geometry import inverse, transform
from rewis3d.scene import STRICT, SceneView, ViewGeometry

AWAY = (-12, -9, -6, -4, -2, 2, 4, 6, 9, 12)
"""Frames further on that a frame is matched with."""
EVERY = 4
"""One frame of so many is matched."""
MATES = 2
ANGLE = 2.0
"""Degrees, between the outermost sights of a point."""
MISS = 1.0
"""Pixels of the grid."""
_UNLIKE = 0.8
"""Most that the best match's distance may be, as a share of the second best's (Lowe, 2004)."""


@dataclass(frozen=True)
class Features:
    """SIFT features of a frame."""

    xy: np.ndarray
    """(n, 2) pixels of the view's grid."""
    described: np.ndarray


@dataclass(frozen=True)
class Points:
    """Of one view."""

    xy: np.ndarray
    depth: np.ndarray


def compared(views: Sequence[SceneView], images: Sequence[Path]) -> None:
    """Print how far the views' depths are from those of points; `images` are the views' files."""
    order = [view.geometry for view in views]
    features = [described(path, view) for path, view in zip(images, order, strict=True)]
    errors, confidences = [], []
    for index in range(0, len(views), EVERY):
        points = triangulated(order, features, index)
        column, row = points.xy.astype(int).T
        depth = np.asarray(views[index].depth, np.float64)[row, column]
        errors.append(np.where(depth > 0, np.abs(depth / points.depth - 1), np.inf))
        confidences.append(np.asarray(views[index].confidence)[row, column])
    error, confidence = np.concatenate(errors), np.concatenate(confidences)
    for what, taken in (("strict", confidence > STRICT), ("any confidence", confidence > 0)):
        kept = error[taken]
        print(
            f"{what} at SIFT points: median error {100 * np.median(kept):.2f} %, within 1 %"
            f" {share(kept < 0.01):.3f}, within 5 % {share(kept < 0.05):.3f};"
            f" {taken.sum()} of {len(taken)} points"
        )


def described(path: Path, view: ViewGeometry) -> Features:
    """Find a frame's features."""
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert grey is not None, f"{path}: no image"
    everywhere = np.full_like(grey, 255)
    sift = cv2.SIFT.create(contrastThreshold=0.02)
    keypoints, vectors = sift.detectAndCompute(grey, everywhere)
    image_xy = np.array([keypoint.pt for keypoint in keypoints]) + 0.5
    xy = view.grid.to_grid(image_xy)
    inside = ((xy >= 0) & (xy < [view.camera.width, view.camera.height])).all(axis=1)
    return Features(xy[inside], np.asarray(vectors)[inside])


def triangulated(order: Sequence[ViewGeometry], features: Sequence[Features], index: int) -> Points:
    """Return the points of one frame's features that others confirm."""
    own, view = features[index], order[index]
    others = [index + away for away in AWAY if 0 <= index + away < len(order)]
    mates = [matched(own, features[other]) for other in others]
    seen = [(view, own.xy)]
    for other, mate in zip(others, mates, strict=True):
        seen.append((order[other], features[other].xy[np.maximum(mate, 0)]))
    has = np.stack([np.ones(len(own.xy), np.bool_), *(mate >= 0 for mate in mates)])
    eye = np.stack([np.tile(each.T_world_camera[:3, 3], (len(own.xy), 1)) for each, _ in seen])
    sight = np.stack([sights(each, xy) for each, xy in seen])
    has &= beside_line(eye, sight, view.camera.K[0, 0])
    xyz = nearest_point(eye, sight, has)
    miss = np.stack([np.linalg.norm(pixels(each, xyz) - xy, axis=1) for each, xy in seen])
    good = ((miss < MISS) | ~has).all(axis=0)
    good &= (has.sum(axis=0) > MATES) & (angle(sight, has) > np.radians(ANGLE))
    depth = transform(inverse(view.T_world_camera), xyz)[:, 2]
    good &= depth > 0
    return Points(own.xy[good], depth[good])


def sights(view: ViewGeometry, xy: np.ndarray) -> np.ndarray:
    """Return the unit directions of a view's pixels in the world."""
    rays = view.camera.rays(xy) @ view.T_world_camera[:3, :3].T
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


def pixels(view: ViewGeometry, xyz: np.ndarray) -> np.ndarray:
    return view.camera.project(transform(inverse(view.T_world_camera), xyz))


def matched(one: Features, other: Features) -> np.ndarray:
    """Return for each feature the other frame's that is its best match, both ways; -1: none."""
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(one.described, other.described, k=2)
    back = cv2.BFMatcher(cv2.NORM_L2).match(other.described, one.described)
    best = np.full(len(other.xy), -1)
    for match in back:
        best[match.queryIdx] = match.trainIdx
    found = np.full(len(one.xy), -1)
    for at, pair in enumerate(pairs):
        clear = len(pair) == 2 and pair[0].distance < _UNLIKE * pair[1].distance
        if clear and best[pair[0].trainIdx] == at:
            found[at] = pair[0].trainIdx
    return found


def beside_line(eye: np.ndarray, sight: np.ndarray, focal: float) -> np.ndarray:
    """Say which sights (v, n, 3) pass the first one's closer than MISS, before both cameras."""
    normal = np.cross(eye - eye[0], sight[0])
    length = np.linalg.norm(normal, axis=-1)
    off = np.abs((normal * sight).sum(axis=-1)) / np.maximum(length, 1e-12)
    beside = off * focal < MISS
    beside[0] = True
    return beside


def nearest_point(eye: np.ndarray, sight: np.ndarray, has: np.ndarray) -> np.ndarray:
    """Return the world's points (n, 3) that lie nearest to sights (v, n, 3), in least squares."""
    across = np.eye(3) - sight[..., :, None] * sight[..., None, :]
    across *= has[..., None, None]
    right = np.einsum("vnij,vnj->ni", across, eye)
    return np.linalg.solve(across.sum(axis=0) + 1e-12 * np.eye(3), right[..., None])[..., 0]


def angle(sight: np.ndarray, has: np.ndarray) -> np.ndarray:
    """Return the largest angle between a point's first sight and another one, in radians."""
    cosine = np.where(has, (sight * sight[0]).sum(axis=-1), 1.0)
    return np.arccos(cosine.clip(-1, 1)).max(axis=0)
