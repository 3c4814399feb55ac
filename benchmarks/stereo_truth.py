"""Depths of a rendered clip beside its exact ones: near borders, on what moves, by confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from app.street.view import RenderedView
from rewis3d.scene import STRICT, SceneView

BORDER = 2
"""Pixels around a border."""
RIGHT = 0.05
"""A depth that is off by less than this share is right."""
BINS = (0.0, STRICT, 0.2, 0.4, 0.6, 0.8, 1.01)
"""Of confidence."""
_AROUND = np.ones((2 * BORDER + 1, 2 * BORDER + 1), np.uint8)


@dataclass(frozen=True)
class Found:
    """Of the pixels with geometry that stand still; one array over all views."""

    error: np.ndarray
    """Relative; infinite where there is no depth."""
    confidence: np.ndarray
    jump: np.ndarray
    """Within BORDER of a jump in depth."""
    outline: np.ndarray
    """Within BORDER of where another label begins."""
    sky: float
    """Share of the sky with a strict depth."""
    moving: float
    """Share of what moves with a strict depth, and ..."""
    moving_wrong: float
    """... with one that is wrong."""


def judged(views: Sequence[SceneView], truth: Sequence[RenderedView]) -> None:
    found = gathered(views, truth)
    strict = found.confidence > STRICT
    print("coverage: share of what stands still and has geometry; right: of these, within 5 %")
    everywhere = np.ones(len(strict), np.bool_)
    show("strict", found.error, strict, everywhere)
    show(f"strict, within {BORDER} px of a jump in depth", found.error, strict, found.jump)
    show(f"strict, within {BORDER} px of another label", found.error, strict, found.outline)
    show("any confidence", found.error, found.confidence > 0, everywhere)
    print(
        f"strict on sky {found.sky:.3f}, on what moves {found.moving:.3f},"
        f" wrong there {found.moving_wrong:.3f}"
    )
    calibrated(found)


def calibrated(found: Found) -> None:
    """Print what confidences promise and what is true, bin by bin."""
    for low, high in pairwise(BINS):
        inside = (found.confidence > low) & (found.confidence <= high)
        mean = float(found.confidence[inside].mean()) if inside.any() else 0.0
        error = found.error[inside]
        print(
            f"confidence to {min(high, 1):.2f}: mean {mean:.3f},"
            f" within 3 % {share(error < 0.03):.3f}, right {share(error < RIGHT):.3f},"
            f" {share(inside):.3f} of the pixels"
        )


def show(what: str, error: np.ndarray, taken: np.ndarray, where: np.ndarray) -> None:
    """Print how exact the depths taken are at some places, and how many of these have one."""
    kept = error[taken & where]
    median = f"{100 * np.median(kept):.2f} %" if len(kept) else "-"
    print(
        f"{what:42} coverage {share(taken[where]):.3f}, median error {median:>7}, within 1 %"
        f" {share(kept < 0.01):.3f}, right {share(kept < RIGHT):.3f}, {where.sum()} pixels"
    )


def gathered(views: Sequence[SceneView], truth: Sequence[RenderedView]) -> Found:
    errors, confidences, jumps, outlines = [], [], [], []
    in_sky, in_moving, in_wrong = [], [], []
    for view, exact in zip(views, truth, strict=True):
        confidence = np.asarray(view.confidence, np.float64)
        still = (exact.depth > 0) & ~exact.moving
        error = error_of(view, exact)
        errors.append(error[still])
        confidences.append(confidence[still])
        jumps.append(near_jumps(exact.depth)[still])
        outlines.append(near_outlines(exact.labels)[still])
        in_sky.append(confidence[exact.depth == 0] > STRICT)
        strict = confidence[exact.moving] > STRICT
        in_moving.append(strict)
        in_wrong.append(strict & (error[exact.moving] >= RIGHT))
    parts = (errors, confidences, jumps, outlines, in_sky, in_moving, in_wrong)
    error, confidence, jump, outline, *shares = (np.concatenate(part) for part in parts)
    sky, moving, wrong = map(share, shares)
    return Found(error, confidence, jump, outline, sky, moving, wrong)


def error_of(view: SceneView, exact: RenderedView) -> np.ndarray:
    """Return how far a view's depths are off, as a share; infinite where one has none."""
    depth = np.asarray(view.depth, np.float64)
    error = np.abs(depth - exact.depth) / np.where(exact.depth > 0, exact.depth, 1)
    return np.where(depth > 0, error, np.inf)


def near_jumps(depth: np.ndarray) -> np.ndarray:
    """Return the pixels within BORDER of where depth jumps by a tenth."""
    nearness = np.where(depth > 0, 1 / np.where(depth > 0, depth, 1), 0).astype(np.float32)
    low, high = cv2.erode(nearness, _AROUND), cv2.dilate(nearness, _AROUND)
    bend = np.abs(cv2.Laplacian(nearness, cv2.CV_32F)) > 0.1 * nearness
    return (high > 1.1 * low) & (cv2.dilate(bend.astype(np.uint8), _AROUND) > 0)


def near_outlines(labels: np.ndarray) -> np.ndarray:
    """Return the pixels within BORDER of one of another label."""
    return cv2.erode(labels, _AROUND) != cv2.dilate(labels, _AROUND)


def share(hits: np.ndarray) -> float:
    return float(hits.mean()) if len(hits) else 0.0
