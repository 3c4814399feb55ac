"""MapAnything's output as ours: on a recorded run of the real package.

The recording (record_mapanything.py) is of a wall at 4 m before a camera of focal length 60 whose
principal point is the image's centre, and of a second camera half a metre to the right.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rewis3d.geometry import Camera, pinhole, pixel_centres, transform
from rewis3d.reconstruct.mapanything_views import (
    DROPPED,
    MadeView,
    grid_size,
    intrinsics_of,
    made_view,
    reprojection_error,
    resized,
)
from rewis3d.types import Rewis3dError

RECORDED = Path(__file__).parent / "mapanything_recorded.npz"
HEIGHT, WIDTH = 48, 64


@pytest.fixture(scope="module")
def predictions() -> list[dict[str, np.ndarray]]:
    with np.load(RECORDED, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return [
        {name.split(".", 1)[1]: array for name, array in arrays.items() if name[0] == str(place)}
        for place in (0, 1)
    ]


def made(prediction: dict[str, np.ndarray], *, T: np.ndarray | None = None) -> MadeView:
    """The view of an image four times as wide and three times as high as the grid."""
    return made_view(
        7,
        prediction,
        image_height=HEIGHT * 3,
        image_width=WIDTH * 4,
        T_world_reference=np.eye(4) if T is None else T,
    )


def offsets(prediction: dict[str, np.ndarray], camera: Camera) -> np.ndarray:
    """How far (x, y) the recorded points fall from the cells that they are of."""
    xy = camera.project(prediction["pts3d_cam"].reshape(-1, 3).astype(np.float64))
    return xy - pixel_centres(HEIGHT, WIDTH).reshape(-1, 2)


def test_points_project_back_to_their_cells(predictions: list[dict[str, np.ndarray]]) -> None:
    for prediction in predictions:
        view = made(prediction).geometry
        # the small network's rays are a little off each; a wrong convention moves all by 0.5
        assert np.abs(np.median(offsets(prediction, view.camera), axis=0)).max() < 0.1
        assert np.median(reprojection_error(prediction["pts3d_cam"], view)) < 0.5


def test_a_pixel_convention_that_is_off_is_found(predictions: list[dict[str, np.ndarray]]) -> None:
    K = made(predictions[0]).geometry.camera.K - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    off = np.median(offsets(predictions[0], Camera(K, WIDTH, HEIGHT)), axis=0)
    assert np.abs(off).min() > 0.4


def test_the_camera_is_the_one_that_was_shown(predictions: list[dict[str, np.ndarray]]) -> None:
    camera = made(predictions[0]).geometry.camera
    assert (camera.width, camera.height) == (WIDTH, HEIGHT)
    assert camera.K[0, 0] == pytest.approx(60, rel=0.02)
    # the centre of the image in our convention; theirs would be half a pixel less
    assert camera.K[:2, 2] == pytest.approx([WIDTH / 2, HEIGHT / 2], abs=0.3)


def test_depth_is_along_the_axis_in_metres(predictions: list[dict[str, np.ndarray]]) -> None:
    view = made(predictions[0])
    assert np.median(view.depth) == pytest.approx(4, rel=0.05)
    assert view.depth == pytest.approx(predictions[0]["pts3d_cam"][..., 2])


def test_world_points_are_the_models(predictions: list[dict[str, np.ndarray]]) -> None:
    view = made(predictions[1])
    camera = predictions[1]["pts3d_cam"].reshape(-1, 3).astype(np.float64)
    world = transform(view.geometry.T_world_camera, camera)
    assert np.abs(world - predictions[1]["pts3d"].reshape(-1, 3)).max() < 1e-3
    # the second camera stands to the right: x of the world grows
    assert view.geometry.T_world_camera[0, 3] == pytest.approx(0.5, abs=0.1)


def test_a_given_pose_of_the_reference_moves_the_world(
    predictions: list[dict[str, np.ndarray]],
) -> None:
    T = np.eye(4)
    T[:3, 3] = [10, 0, 0]
    here, there = made(predictions[1]), made(predictions[1], T=T)
    moved = there.geometry.T_world_camera[:3, 3] - here.geometry.T_world_camera[:3, 3]
    assert moved.tolist() == pytest.approx([10, 0, 0])


def test_confidence_is_a_share_and_the_lowest_tenth_is_dropped(
    predictions: list[dict[str, np.ndarray]],
) -> None:
    prediction = {**predictions[0], "non_ambiguous_mask": np.ones((HEIGHT, WIDTH), bool)}
    prediction["conf"] = np.linspace(1, 21, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    view = made(prediction)
    assert view.confidence.max() == pytest.approx(1 - 1 / 21)
    assert (view.confidence == 0).mean() == pytest.approx(DROPPED, abs=0.01)


def test_the_mask_is_kept_and_takes_confidence_away(
    predictions: list[dict[str, np.ndarray]],
) -> None:
    mask = np.ones((HEIGHT, WIDTH), bool)
    mask[:10] = False
    view = made({**predictions[0], "non_ambiguous_mask": mask})
    assert np.array_equal(view.mask, mask)
    assert (view.confidence[:10] == 0).all()
    assert (view.depth[:10] > 0).all()


def test_image_and_grid_differ_by_scale_alone(predictions: list[dict[str, np.ndarray]]) -> None:
    grid = made(predictions[0]).geometry.grid
    corner = np.array([[WIDTH * 4.0, HEIGHT * 3.0]])
    assert grid.to_grid(corner).tolist() == [[WIDTH, HEIGHT]]


def test_a_key_that_is_missing_is_named(predictions: list[dict[str, np.ndarray]]) -> None:
    without = {key: value for key, value in predictions[0].items() if key != "conf"}
    with pytest.raises(Rewis3dError, match="no 'conf'"):
        made(without)


@pytest.mark.parametrize(
    ("size", "grid"),
    [((360, 480), (392, 518)), ((1080, 1920), (294, 518)), ((1920, 1080), (518, 294))],
)
def test_grids_are_whole_patches(size: tuple[int, int], grid: tuple[int, int]) -> None:
    assert grid_size(*size, patch=14) == grid


def test_their_principal_point_lies_half_a_pixel_less() -> None:
    K = intrinsics_of(pinhole(60.0, WIDTH, HEIGHT))
    assert K[:2, 2].tolist() == [31.5, 23.5]


def test_images_keep_their_colours_when_resized() -> None:
    image = np.zeros((30, 40, 3), np.uint8)
    image[..., 0] = 255
    small = resized(image, 14, 28)
    assert small.shape == (3, 14, 28)
    assert (small[0] == 1).all()
    assert (small[1:] == 0).all()
