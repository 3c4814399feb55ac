from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from annotations.labelset import PRESETS
from app.sample import CLIP
from app.street.shape import BUILDING, FENCE, PAVEMENT, ROAD, SKY
from app.street.view import FOCAL, RenderedView, render
from tests.app.street.conftest import HEIGHT, SEED, WIDTH


def _points(view: RenderedView) -> np.ndarray:
    """World coordinates of every pixel, from its depth."""
    height, width = view.depth.shape
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = np.stack([x, y, np.ones_like(x)], axis=-1) @ np.linalg.inv(view.K).T
    points = rays * view.depth[..., None]
    return points @ view.T_world_camera[:3, :3].T + view.T_world_camera[:3, 3]


def _seen_in(view: RenderedView, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (x, y; centres at index + 0.5) and depth of world points in a view."""
    X = (points - view.T_world_camera[:3, 3]) @ view.T_world_camera[:3, :3]
    xy = X[..., :2] / X[..., 2:] * np.diag(view.K)[:2] + view.K[:2, 2]
    return xy, X[..., 2]


def _even(values: np.ndarray) -> np.ndarray:
    """Where all four pixels that surround a place (left and above it) hold one value."""
    around = [values, *(np.roll(values, shift, (0, 1)) for shift in ((0, -1), (-1, 0), (-1, -1)))]
    return np.logical_and.reduce([part == values for part in around])


@pytest.mark.parametrize("other", [1, 3])
def test_depth_and_labels_of_a_frame_hold_in_another_one(views, other):
    first, second = views[0], views[other]
    xy, depth = _seen_in(second, _points(first))
    height, width = depth.shape
    # 1 / depth is linear on every flat face: exact between pixels
    near = 1 / np.where(second.depth > 0, second.depth, 1e6)
    column, row = (part - 0.5 for part in (xy[..., 0], xy[..., 1]))
    found = 1 / map_coordinates(near, (row, column), order=1, mode="nearest")
    left, top = (np.floor(part).astype(int) for part in (column, row))
    inside = (left >= 0) & (left < width - 1) & (top >= 0) & (top < height - 1)
    left, top = left.clip(0, width - 2), top.clip(0, height - 2)
    flat = cv2.dilate(near, np.ones((2, 2))) / cv2.erode(near, np.ones((2, 2))) < 1.5
    static = (first.depth > 0) & ~first.moving & ~second.moving[top, left]
    same = static & inside & _even(second.labels)[top, left] & flat[top, left]
    seen = same & (depth < found * 1.02)  # what is nearer there hides the rest
    assert seen.sum() > 0.4 * seen.size
    error = np.abs(found / depth - 1)[seen]
    assert np.median(error) < 1e-4
    assert np.mean(error < 5e-3) > 0.85
    assert (first.labels == second.labels[top, left])[seen].mean() > 0.99


def test_a_view_is_what_it_says(views):
    ids = set(PRESETS["camvid-11"].class_ids)
    for view in views:
        assert view.image.shape == (HEIGHT, WIDTH, 3)
        assert set(np.unique(view.labels)) <= ids
        assert len(np.unique(view.labels)) >= 8
        assert ((view.depth == 0) == (view.labels == SKY)).all()
        assert not view.moving[view.labels == SKY].any()
        assert 70 < view.image.mean() < 180
        assert view.image.std() > 35
        assert (view.labels == ROAD).mean() > 0.15
        blue, red = (view.image[view.labels == SKY][:, channel].mean() for channel in (2, 0))
        assert blue > red
        assert np.allclose(view.K[0], (FOCAL * 120, 0, 60))


def test_two_pairs_of_classes_look_alike():
    """No colour says which of a pair it is: a histogram's best guess is not much of one."""
    names = [f"street_{index:03d}" for index in range(0, 36, 5)]
    image = np.stack([cv2.imread(str(CLIP / "images" / f"{name}.jpg")) for name in names])
    labels = np.stack([cv2.imread(str(CLIP / "labels" / f"{name}.png"), 0) for name in names])
    for pair in ((ROAD, PAVEMENT), (BUILDING, FENCE)):
        histograms = []
        for class_id in pair:
            bins = (image[labels == class_id] // 32) @ np.array((64, 8, 1))
            histograms.append(np.bincount(bins, minlength=512) / len(bins))
        shared = np.minimum(*histograms).sum()
        assert shared > 0.4, f"{pair}: {shared:.2f} of the colours are shared"


def test_a_seed_is_a_street_however_many_frames_follow(views):
    again = next(render(SEED, frames=1, width=WIDTH, height=HEIGHT))
    assert np.array_equal(again.image, views[0].image)
    assert np.array_equal(again.labels, views[0].labels)
    assert np.array_equal(again.depth, views[0].depth)
    other = next(render(SEED + 1, frames=1, width=WIDTH, height=HEIGHT))
    assert (other.labels != views[0].labels).mean() > 0.2
    assert np.abs(other.image.astype(int) - views[0].image).mean() > 20


def test_what_moves_is_masked_and_nothing_else_changes_for_a_camera_that_stands_still():
    first, second = render(SEED, frames=2, motion="still", width=WIDTH, height=HEIGHT)
    changed = ~np.isclose(first.depth, second.depth, rtol=1e-6)
    assert changed.any()
    assert not changed[~first.moving & ~second.moving].any()
    assert 0 < first.moving.mean() < 0.3
    assert first.image.std(axis=2).any()
    assert not np.array_equal(first.image, second.image)  # noise and exposure go on


def test_twice_as_many_frames_a_second_show_the_same_street():
    usual = list(render(SEED, frames=3, width=WIDTH, height=HEIGHT, motion="forward"))
    slow = list(render(SEED, frames=5, width=WIDTH, height=HEIGHT, motion="forward", pace=0.5))
    assert np.array_equal(slow[4].depth, usual[2].depth)
    assert not np.array_equal(slow[1].depth, usual[1].depth)


def test_an_unknown_motion_is_refused():
    with pytest.raises(ValueError, match="unknown motion 'sideways'; there are drive, lateral"):
        next(render(1, motion="sideways"))
