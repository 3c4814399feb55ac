"""How well predicted classes agree with the truth. A confusion matrix adds up over frames.

A class that the truth does not show is left out of the mean: there is nothing to get right.
(Some published scripts count it as 0; the figures differ.) Pixels predicted as an absent class
still count as missed pixels of the class that is there.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64, UInt8

from rewis3d.types import Rewis3dError


def confusion(
    truth: UInt8[np.ndarray, "*shape"], predicted: UInt8[np.ndarray, "*shape"], classes: int
) -> Int64[np.ndarray, "k k"]:
    """Count pixels by true class (rows) and predicted class (columns), both 0 to `classes` - 1.

    Pixels whose truth is no class (UNLABELLED, IGNORED) are left out. Rewis3dError where a pixel
    with a true class is predicted as none.
    """
    judged = truth < classes
    true, found = truth[judged].astype(np.int64), predicted[judged].astype(np.int64)
    if found.size and found.max() >= classes:
        raise Rewis3dError(f"prediction holds id {found.max()}; the classes are 0 to {classes - 1}")
    counts = np.bincount(true * classes + found, minlength=classes * classes)
    return counts.astype(np.int64).reshape(classes, classes)


def iou(counts: Int64[np.ndarray, "k k"]) -> list[float | None]:
    """Return intersection over union per class, in [0, 1]; None where the truth shows none."""
    hits, shown = np.diag(counts), counts.sum(axis=1)
    union = shown + counts.sum(axis=0) - hits
    return [
        float(hit / total) if present else None
        for hit, total, present in zip(hits, union, shown, strict=True)
    ]


def miou(counts: Int64[np.ndarray, "k k"]) -> float | None:
    """Return the mean IoU of the classes that the truth shows; None where it shows none."""
    shown = [value for value in iou(counts) if value is not None]
    return sum(shown) / len(shown) if shown else None


def accuracy(counts: Int64[np.ndarray, "k k"]) -> float | None:
    """Return the share of judged pixels with the right class; None where none is judged."""
    judged = int(counts.sum())
    return int(np.trace(counts)) / judged if judged else None
