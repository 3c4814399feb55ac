"""The cloud of a view: its frame, its range, and pairs that are what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Float64, UInt8

from rewis3d.geometry import is_rigid, pinhole, transform
from rewis3d.lifting import lift
from rewis3d.material import Sampling
from rewis3d.sampling.cloud import Sampled, level, sample_view
from rewis3d.sampling.index import index_scene
from rewis3d.sampling.paint import painted
from rewis3d.scene import GridMap, Scene, SceneView, ViewGeometry
from rewis3d.types import IGNORED, UNLABELLED
from tests.rewis3d.sampling.street import FRAMES, SIZE, UP, in_camera, street, usable
from tests.rewis3d.stage import pose

EVERYTHING = Sampling(points=100_000)
Images = dict[int, UInt8[np.ndarray, "h w 3"]]
Masks = dict[int, UInt8[np.ndarray, "h w"]]


def looking(R: np.ndarray, *, at: tuple[float, float, float] = (0.0, 0, 0)) -> ViewGeometry:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = R, at
    return ViewGeometry(1, 6, 8, pinhole(5.0, 8, 6), T, GridMap((1.0, 1.0)), "given")


def turned(axis: int, degrees: float) -> Float64[np.ndarray, "3 3"]:
    a = np.radians(degrees)
    one, two = [each for each in range(3) if each != axis]
    R = np.eye(3)
    R[one, one] = R[two, two] = np.cos(a)
    R[one, two], R[two, one] = -np.sin(a), np.sin(a)
    return R


def shown(scene: Scene, seed: int = 0) -> tuple[Images, Masks]:
    """Images in which no two pixels are alike by chance, and masks with all kinds of labels."""
    rng = np.random.default_rng(seed)
    images, masks = {}, {}
    for view in scene.views:
        size = (view.geometry.image_height, view.geometry.image_width)
        images[view.frame_id] = rng.integers(0, 256, (*size, 3), np.uint8)
        values = np.array([0, 1, 2, IGNORED, UNLABELLED], np.uint8)
        masks[view.frame_id] = rng.choice(values, size)
    return images, masks


def painter(scene: Scene, images: Images, masks: Masks) -> Callable[[int], np.ndarray]:
    views = {view.frame_id: view.geometry for view in scene.views}
    return lambda frame: painted(images[frame], masks.get(frame), views[frame])


def sampled(
    scene: Scene,
    frame: int = FRAMES[1],
    sampling: Sampling = EVERYTHING,
    *,
    masks: Masks | None = None,
    seed: int = 0,
) -> Sampled:
    images, every = shown(scene)
    found = sample_view(
        index_scene(scene, frames=FRAMES),
        frame,
        sampling=sampling,
        paint=painter(scene, images, every if masks is None else masks),
        rng=np.random.default_rng(seed),
    )
    assert found is not None
    return found


def view_of_frame(scene: Scene, frame: int) -> SceneView:
    view = scene.view(frame)
    assert view is not None
    return view


# the camera's x (right), y (down) and z (ahead) in the level frame: x right, y ahead, z up
@pytest.mark.parametrize(
    ("R", "right", "down", "ahead"),
    [
        (np.eye(3), (1, 0, 0), (0, 0, -1), (0, 1, 0)),
        (turned(0, -90), (1, 0, 0), (0, -1, 0), (0, 0, -1)),
        (turned(0, 90), (1, 0, 0), (0, 1, 0), (0, 0, 1)),
        (turned(2, 90), (0, 0, -1), (-1, 0, 0), (0, 1, 0)),
    ],
    ids=["level", "straight down", "straight up", "lying on its side"],
)
def test_the_cloud_s_frame_is_level(
    R: np.ndarray, right: tuple[int, ...], down: tuple[int, ...], ahead: tuple[int, ...]
) -> None:
    T = level(looking(R, at=(4.0, 5, 6)), UP)
    assert transform(T, np.array([[4.0, 5, 6]])) == pytest.approx(np.zeros((1, 3)))
    axes = np.round((T[:3, :3] @ R).T).astype(int).tolist()
    assert axes == [list(right), list(down), list(ahead)]


@given(st.floats(-180, 180), st.floats(-89, 89), st.floats(-180, 180))
@settings(max_examples=40)
def test_the_camera_heads_along_y_whichever_way_it_is_turned(
    yaw: float, pitch: float, roll: float
) -> None:
    R = turned(1, yaw) @ turned(0, pitch) @ turned(2, roll)
    T = level(looking(R, at=(1.0, -2, 3)), UP)
    assert is_rigid(T)
    assert T[:3, :3] @ UP == pytest.approx([0, 0, 1])
    axis = T[:3, :3] @ R[:, 2]
    if abs(pitch) < 86:
        assert axis[0] == pytest.approx(0, abs=1e-9)
        assert axis[1] > 0


def test_points_lie_where_the_scene_has_them() -> None:
    scene = street()
    found = sampled(scene)
    cloud, target = found.cloud, view_of_frame(scene, FRAMES[1])
    T = level(target.geometry, UP)
    for frame in FRAMES:
        of_frame = cloud.frame == frame
        row, column = cloud.rc[of_frame].T.astype(int)
        cells = row * SIZE[1] + column
        view = view_of_frame(scene, frame)
        assert sorted(cells.tolist()) == usable(view)
        assert cloud.xyz[of_frame] == pytest.approx(transform(T, view.points(cells)), abs=1e-4)
        assert np.array_equal(cloud.confidence[of_frame], view.confidence[row, column])
    assert cloud.optical_axis == pytest.approx(T[:3, :3] @ target.geometry.T_world_camera[:3, 2])
    assert np.linalg.norm(cloud.optical_axis) == pytest.approx(1)


@pytest.mark.parametrize("image", [1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_lifted_and_sampled_the_mask_comes_back_at_the_pairs(image: int, seed: int) -> None:
    scene = street(image=image, seed=seed)
    images, masks = shown(scene)
    found = sampled(scene, seed=seed)
    cloud, target = found.cloud, view_of_frame(scene, FRAMES[1])
    x, y = np.floor(found.pair_xy).astype(int).T
    lifted = lift(masks[FRAMES[1]], target.geometry)
    assert (cloud.frame[found.pair_point] == FRAMES[1]).all()
    assert len(found.pair_point) == len(usable(target))
    # the place is the centre of the point's cell, and what is there is the point's
    row, column = cloud.rc[found.pair_point].T
    assert found.pair_xy == pytest.approx((np.stack([column, row], axis=1) + 0.5) * image)
    assert np.array_equal(cloud.labels[found.pair_point], lifted[y // image, x // image])
    if image == 1:
        assert np.array_equal(cloud.labels[found.pair_point], masks[FRAMES[1]][y, x])
        assert np.array_equal(cloud.rgb[found.pair_point], images[FRAMES[1]][y, x])


def test_the_pairs_are_all_points_of_the_view_and_no_others() -> None:
    found = sampled(street(), sampling=Sampling(points=80))
    assert found.pair_point.tolist() == np.flatnonzero(found.cloud.frame == FRAMES[1]).tolist()
    assert len(found.pair_point) == 48


def test_points_project_onto_their_pairs() -> None:
    scene = street(image=2)
    found = sampled(scene)
    geometry = view_of_frame(scene, FRAMES[1]).geometry
    T_world_level = np.linalg.inv(level(geometry, UP))
    xyz = transform(T_world_level, found.cloud.xyz[found.pair_point].astype(np.float64))
    seen = geometry.camera.project(in_camera(view_of_frame(scene, FRAMES[1]), xyz))
    assert geometry.grid.to_image(seen) == pytest.approx(found.pair_xy, abs=1e-3)


def test_frames_without_strokes_give_unlabelled_points() -> None:
    scene = street()
    masks = {FRAMES[0]: shown(scene)[1][FRAMES[0]]}
    cloud = sampled(scene, masks=masks).cloud
    assert set(cloud.labels[cloud.frame != FRAMES[0]]) == {UNLABELLED}
    assert set(cloud.labels[cloud.frame == FRAMES[0]]) >= {0, 1, 2, IGNORED}


def test_points_out_of_range_are_dropped_with_their_pairs() -> None:
    scene = street()
    near = Sampling(points=100_000, range_across=4.0, range_up=30.0, range_ahead=15.0)
    whole, found = sampled(scene), sampled(scene, sampling=near)
    target = view_of_frame(scene, FRAMES[1])
    T = np.linalg.inv(level(target.geometry, UP))

    def off(cloud_xyz: np.ndarray) -> np.ndarray:
        return np.abs(in_camera(target, transform(T, cloud_xyz.astype(np.float64))))

    inside = np.asarray(off(whole.cloud.xyz) <= [4, 30, 15]).all(axis=1)
    assert 0 < inside.sum() < inside.size
    assert np.array_equal(found.cloud.xyz, whole.cloud.xyz[inside])
    assert np.array_equal(found.cloud.labels, whole.cloud.labels[inside])
    own = found.cloud.frame == FRAMES[1]
    assert found.pair_point.tolist() == np.flatnonzero(own).tolist()
    row, column = found.cloud.rc[own].T
    assert found.pair_xy == pytest.approx(np.stack([column, row], axis=1) + 0.5)


def test_points_out_of_range_are_moved_onto_the_box_if_so_wanted() -> None:
    scene = street()
    near = Sampling(
        points=100_000, range_across=4.0, range_up=30.0, range_ahead=15.0, outside="clamp"
    )
    whole, found = sampled(scene), sampled(scene, sampling=near)
    target = view_of_frame(scene, FRAMES[1])
    T = np.linalg.inv(level(target.geometry, UP))
    before, after = (
        in_camera(target, transform(T, each.cloud.xyz.astype(np.float64)))
        for each in (whole, found)
    )
    assert after == pytest.approx(np.clip(before, [-4, -30, -15], [4, 30, 15]), abs=1e-4)
    assert np.array_equal(found.pair_point, whole.pair_point)


def test_where_nothing_is_in_range_there_is_no_cloud() -> None:
    scene = street()
    found = sample_view(
        index_scene(scene, frames=FRAMES),
        FRAMES[0],
        sampling=Sampling(sampling="own", range_ahead=0.1),
        paint=painter(scene, *shown(scene)),
        rng=np.random.default_rng(0),
    )
    assert found is None


def test_cells_beside_the_image_make_points_but_no_pairs() -> None:
    scene = street()
    target = scene.views[1]
    # a grid padded by two columns on the left and three rows above
    geometry = replace(
        target.geometry,
        image_height=SIZE[0] - 3,
        image_width=SIZE[1] - 2,
        grid=GridMap((1.0, 1.0), (2.0, 3.0)),
    )
    scene = replace(
        scene, views=(scene.views[0], replace(target, geometry=geometry), scene.views[2])
    )
    found = sampled(scene)
    own = found.cloud.rc[found.cloud.frame == FRAMES[1]]
    beside = (own[:, 0] < 3) | (own[:, 1] < 2)
    assert beside.any()
    assert len(found.pair_point) == (~beside).sum()
    assert found.pair_xy.min() == 0.5


def test_a_camera_that_is_turned_sees_the_same_cloud_turned_with_it() -> None:
    scene = street()
    T = pose(3, 0, -2, yaw=35.0)
    views = [
        replace(
            view,
            geometry=replace(view.geometry, T_world_camera=T @ view.geometry.T_world_camera),
        )
        for view in scene.views
    ]
    moved = replace(scene, views=tuple(views))
    one, other = sampled(scene), sampled(moved)
    assert one.cloud.xyz == pytest.approx(other.cloud.xyz, abs=1e-4)
