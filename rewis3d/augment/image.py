"""What happens to the image of a view: where it is cut for both networks, how it looks to one.

What is cut moves the image, its labels and the places of its pairs together. Where an image is
flipped its cloud is not: a pair names a point by its index, wherever the point lies, and the
student's cloud is flipped by itself (rewis3d/augment/points.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import UInt8

from rewis3d.augment.augmix import augmix
from rewis3d.material import ImageAugment
from rewis3d.types import TemporalLabels, ViewSample


def framed(sample: ViewSample, augment: ImageAugment, *, rng: np.random.Generator) -> ViewSample:
    """Return a sample resized, cropped and maybe flipped: what teacher and student both see.

    Labels are those of the nearest pixels, so that none is made up. Pairs keep their order; those
    outside of the crop are left out, their points stay.
    """
    old_height, old_width = sample.labels.shape
    height, width, crop = _size(old_height, old_width, augment, rng)
    top, left = int(rng.integers(height - crop[0] + 1)), int(rng.integers(width - crop[1] + 1))
    flip = bool(rng.random() < augment.flip)

    def cut(whole: np.ndarray, interpolation: int) -> np.ndarray:
        resized = cv2.resize(whole, (width, height), interpolation=interpolation)
        part = resized[top : top + crop[0], left : left + crop[1]]
        return np.ascontiguousarray(part[:, ::-1] if flip else part)

    smaller = height <= old_height and width <= old_width
    xy = sample.pair_xy.astype(np.float64) * [width / old_width, height / old_height] - [left, top]
    if flip:
        xy[:, 0] = crop[1] - xy[:, 0]
    xy = xy.astype(np.float32)
    seen = np.all((xy >= 0) & (xy < [crop[1], crop[0]]), axis=1)
    return replace(
        sample,
        image=cut(sample.image, cv2.INTER_AREA if smaller else cv2.INTER_LINEAR),
        labels=cut(sample.labels, cv2.INTER_NEAREST_EXACT),
        pair_point=sample.pair_point[seen],
        pair_xy=xy[seen],
        temporal=None if sample.temporal is None else _cut(sample.temporal, cut),
    )


def _cut(told: TemporalLabels, cut: Callable[[np.ndarray, int], np.ndarray]) -> TemporalLabels:
    """Return what is told of the part that is shown."""
    nearest = cv2.INTER_NEAREST_EXACT
    return TemporalLabels(cut(told.labels, nearest), cut(told.weights, nearest))


def _size(
    height: int, width: int, augment: ImageAugment, rng: np.random.Generator
) -> tuple[int, int, tuple[int, int]]:
    """Return the height and width to resize to, and those of the crop; whole frames stay whole.

    Both sides grow alike where the crop wants it.
    """
    if augment.framing == "whole":
        return height, width, (height, width)
    down = rng.uniform(augment.resize_least, augment.resize_most)
    across = down * rng.uniform(1 - augment.aspect, 1 + augment.aspect)
    growth = max(1.0, augment.crop_height / (height * down), augment.crop_width / (width * across))
    crop = (augment.crop_height, augment.crop_width)
    # rounding may fall short of the crop by one
    return (
        max(crop[0], round(height * down * growth)),
        max(crop[1], round(width * across * growth)),
        crop,
    )


def disturbed(
    image: UInt8[np.ndarray, "h w 3"], augment: ImageAugment, *, rng: np.random.Generator
) -> UInt8[np.ndarray, "h w 3"]:
    """Return the image as the student sees it: blurred, mixed, with black squares, unmoved."""
    if rng.random() < augment.blur:
        sigma = rng.uniform(augment.blur_least, augment.blur_most)
        kernel = (augment.blur_kernel, augment.blur_kernel)
        image = np.asarray(cv2.GaussianBlur(image, kernel, sigma), np.uint8)
    if rng.random() < augment.augmix:
        image = augmix(
            image,
            severity=augment.augmix_severity,
            width=augment.augmix_width,
            depth=augment.augmix_depth,
            rng=rng,
        )
    image = image.copy()
    for probability in (augment.cutout, augment.cutout_again):
        if rng.random() < probability:
            _cut_out(image, augment.cutout_size, rng)
    return image


def _cut_out(image: UInt8[np.ndarray, "h w 3"], side: int, rng: np.random.Generator) -> None:
    """Blacken a square that lies inside the image, where that is as large (Cutout, 1708.04552)."""
    top = rng.integers(max(0, image.shape[0] - side) + 1)
    left = rng.integers(max(0, image.shape[1] - side) + 1)
    image[top : top + side, left : left + side] = 0
