"""Slow, obvious twins of what stereo does cleverly at borders and along surfaces."""

from __future__ import annotations

from math import exp, hypot, isnan

import numpy as np
from jaxtyping import Float64

from rewis3d.reconstruct.stereo import borders, planes


def chosen_depth(
    grey: np.ndarray,
    rgb: np.ndarray,
    choices: np.ndarray,
    shown: np.ndarray,
    counts: np.ndarray,
    place: tuple[int, int],
) -> float:
    """Twin of rewis3d.reconstruct.stereo.borders._choose for one pixel."""
    own = float(choices[(0, *place)])
    found, most = own, -9.0
    for which in range(len(choices)):
        near = float(choices[(which, *place)])
        if which > 0 and abs(near - own) <= borders.SAME * own:
            continue
        seen = [_alike(grey, rgb, source, place) for source in shown[which]]
        known = sorted((each for each in seen if each is not None), reverse=True)
        half = known[: (len(known) + 1) // 2]
        worth = sum(half) / len(half) if half else -1.0
        worth += borders.SURFACE * _share_of_surface(choices[0], rgb, counts, place, near)
        worth += borders.STAY if which == 0 else 0
        if worth > most:
            found, most = near, worth
    return found


def _neighbours(rgb: np.ndarray, place: tuple[int, int], step: int) -> list[tuple[int, int, float]]:
    """Return the neighbours of a pixel that witness, and what each counts."""
    row, column = place
    found = []
    for i in range(row - borders.SIDE * step, row + borders.SIDE * step + 1, step):
        for j in range(column - borders.SIDE * step, column + borders.SIDE * step + 1, step):
            if 0 <= i < rgb.shape[0] and 0 <= j < rgb.shape[1]:
                differs = int(np.abs(rgb[row, column].astype(int) - rgb[i, j].astype(int)).sum())
                away = hypot(i - row, j - column)
                found.append((i, j, exp(-differs / borders.COLOUR) * exp(-away / borders.AWAY)))
    return found


def _alike(
    grey: np.ndarray, rgb: np.ndarray, source: np.ndarray, place: tuple[int, int]
) -> float | None:
    """Return how alike a source is around a pixel; None where it shows too little."""
    seen = unlike = lost = 0.0
    for i, j, count in _neighbours(rgb, place, 1):
        differs = abs(float(grey[i, j]) - float(source[i, j]))
        if isnan(differs):
            lost += count
        else:
            seen += count
            unlike += count * min(differs, float(borders.UNLIKE))
    return 1 - unlike / (seen * float(borders.UNLIKE)) if seen > lost else None


def _share_of_surface(
    nearness: np.ndarray, rgb: np.ndarray, counts: np.ndarray, place: tuple[int, int], near: float
) -> float:
    everything = there = 0.0
    for i, j, count in _neighbours(rgb, place, 2):
        everything += count * float(counts[i, j])
        if abs(float(nearness[i, j]) - near) <= borders.SAME * near:
            there += count * float(counts[i, j])
    return there / everything


def plane_through(
    nearness: np.ndarray, rgb: np.ndarray, place: tuple[int, int], step: float
) -> float:
    """Twin of rewis3d.reconstruct.stereo.planes.fit_planes for one pixel, by numpy's solver."""
    own = float(nearness[place])
    within = float(planes.CLOSE) * own + planes.CLOSE_STEP * step
    i, j = np.mgrid[
        place[0] - planes.REACH : place[0] + planes.REACH + 1 : 2,
        place[1] - planes.REACH : place[1] + planes.REACH + 1 : 2,
    ].reshape(2, -1)
    inside = (i >= 0) & (j >= 0) & (i < nearness.shape[0]) & (j < nearness.shape[1])
    i, j = i[inside], j[inside]
    close = np.abs(nearness[i, j] - own) <= within
    i, j = i[close], j[close]
    rise, down, right = nearness[i, j] - own, i - place[0], j - place[1]
    differs = np.abs(rgb[i, j].astype(int) - rgb[place].astype(int)).sum(axis=1)
    count = np.exp(-differs / planes.COLOUR)
    plane = _weighted_plane(right, down, rise, count)
    off = (rise - plane @ [np.ones(len(i)), right, down]) / (float(planes.FITS) * within)
    fitted = _weighted_plane(right, down, rise, count * np.maximum(0, 1 - off**2))
    return own + float(fitted[0])


def _weighted_plane(
    x: np.ndarray, y: np.ndarray, z: np.ndarray, count: np.ndarray
) -> Float64[np.ndarray, "3"]:
    """Return height at 0 and slopes of a plane, its slopes held back as planes._STIFF has it."""
    share = count / count.sum()
    mean = [float(share @ each) for each in (x, y, z)]
    from_mean = [each - middle for each, middle in zip((x, y, z), mean, strict=True)]
    spread = np.array([[(share * a) @ b for b in from_mean[:2]] for a in from_mean[:2]])
    slopes = np.linalg.solve(
        spread + 0.05 * np.eye(2), [(share * a) @ from_mean[2] for a in from_mean[:2]]
    )
    return np.array([mean[2] - slopes @ mean[:2], *slopes])
