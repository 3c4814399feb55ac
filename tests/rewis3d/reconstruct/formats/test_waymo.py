"""The Waymo Open Dataset's tables: cameras, LiDARs that turn as the car moves, missing parts."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rewis3d.geometry import inverse, transform
from rewis3d.reconstruct.formats import waymo
from rewis3d.reconstruct.formats.types import Given
from rewis3d.types import Rewis3dError
from tests.rewis3d.reconstruct.formats import waymo_segment as layout
from tests.rewis3d.reconstruct.lidar import hits


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> layout.Segment:
    return layout.write(tmp_path_factory.mktemp("waymo"))


def points(given: Given, *names: str) -> dict[str, np.ndarray]:
    assert given.measured is not None
    seen = given.measured.seen_by(names, scratch=Path())
    return {name: np.concatenate(list(pieces)) for name, pieces in seen}


def off_surfaces(xyz: np.ndarray) -> np.ndarray:
    far = [
        hits(layout.SCENE, xyz - axis * 0.5, np.tile(axis, (len(xyz), 1)))[0] for axis in np.eye(3)
    ]
    return np.abs(np.array(far) - 0.5).min(axis=0)


def test_cameras_stand_where_they_stood_as_the_image_was_taken(segment: layout.Segment) -> None:
    given = waymo.read(segment.root, sweeps=1)
    assert [view.name for view in given.views] == list(segment.T_stage_camera)
    assert given.metric
    for view in given.views:
        T = segment.T_stage_camera[view.name]
        place = segment.to_stage(view.T_world_camera[None, :3, 3])[0]
        assert place == pytest.approx(T[:3, 3], abs=2e-3)  # vehicle poses are float32
        turned = layout.GLOBAL[:3, :3].T @ view.T_world_camera[:3, :3]
        assert turned == pytest.approx(T[:3, :3], abs=1e-6)
        inside = view.camera.K
        assert inside == pytest.approx(layout.CAMERA.K)
        assert view.camera.distortion == pytest.approx(layout.CAMERA.distortion)


@pytest.mark.parametrize("group", [1, 100])
def test_points_lie_on_the_surfaces_although_the_car_moves(tmp_path: Path, group: int) -> None:
    segment = layout.write(tmp_path, group=group)
    given = waymo.read(tmp_path, sweeps=1)
    found = points(given, *(view.name for view in given.views[::-1]))
    assert list(found) == [view.name for view in given.views]  # in the tables' order
    for xyz in found.values():
        assert len(xyz) > 1000
        assert off_surfaces(segment.to_stage(xyz)).max() < 5e-3  # float32 at 15 km


def test_without_the_cells_poses_the_frame_s_own_counts(tmp_path: Path) -> None:
    segment = layout.write(tmp_path, poses=False)
    given = waymo.read(tmp_path, sweeps=1)
    assert "without lidar_pose" in given.notes[0]
    (xyz,) = points(given, given.views[1].name).values()
    off = off_surfaces(segment.to_stage(xyz))
    assert off.max() > 0.05
    assert np.median(off) < 0.05


def test_neighbouring_sweeps_join(segment: layout.Segment) -> None:
    one, three = (waymo.read(segment.root, sweeps=sweeps) for sweeps in (1, 3))
    names = [view.name for view in one.views]
    counts = [len(xyz) for xyz in points(one, *names).values()]
    joined = [len(xyz) for xyz in points(three, *names).values()]
    assert joined == [sum(counts[:2]), sum(counts), sum(counts[1:])]


def test_points_project_to_where_the_image_shows_them(segment: layout.Segment) -> None:
    given = waymo.read(segment.root, sweeps=1)
    view = given.views[2]
    (xyz,) = points(given, view.name).values()
    in_camera = transform(inverse(view.T_world_camera), xyz)
    T_stage_camera = segment.T_stage_camera[view.name]
    exact = transform(inverse(T_stage_camera), segment.to_stage(xyz))
    front = (in_camera[:, 2] > 2) & (np.abs(in_camera[:, :2]).max(axis=1) < in_camera[:, 2])
    shown, wanted = (view.camera.project(part[front]) for part in (in_camera, exact))
    assert shown == pytest.approx(wanted, abs=0.1)


def test_what_was_not_measured_is_nan_or_left_out(tmp_path: Path) -> None:
    layout.write(tmp_path)
    path = tmp_path / "lidar" / f"{layout.NAME}.parquet"
    rows = pq.read_table(path).to_pylist()
    column = "[LiDARComponent].range_image_return1.values"
    before = sum(value > 0 for row in rows[:2] for value in row[column][::4])
    broken = [at for at, value in enumerate(rows[0][column]) if at % 4 == 0 and value > 0][:2]
    rows[0][column][broken[0]], rows[0][column][broken[1]] = float("nan"), float("inf")
    schema = pq.read_schema(path)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    given = waymo.read(tmp_path, sweeps=1)
    (xyz,) = points(given, given.views[0].name).values()
    assert len(xyz) == before
    assert (~np.isfinite(xyz).all(axis=1)).sum() == 2


def test_a_segment_is_named_where_there_are_several(
    segment: layout.Segment, tmp_path: Path
) -> None:
    assert waymo.segment_of(tmp_path) is None
    for folder in segment.root.iterdir():
        (tmp_path / folder.name).mkdir()
        for name in (layout.NAME, "other"):
            stored = (folder / f"{layout.NAME}.parquet").read_bytes()
            (tmp_path / folder.name / f"{name}.parquet").write_bytes(stored)
    with pytest.raises(Rewis3dError, match=r"2 segments; name one of them: --given .*parquet"):
        waymo.read(tmp_path, sweeps=1)
    for component in ("lidar", "camera_image"):
        place = tmp_path / component / "other.parquet"
        assert waymo.segment_of(place) == (tmp_path, "other")
        assert "LiDARs of other" in waymo.read(place, sweeps=1).notes[0]


@pytest.mark.parametrize("component", ["lidar", "vehicle_pose", "camera_image"])
def test_a_missing_table_is_named(tmp_path: Path, component: str) -> None:
    layout.write(tmp_path)
    (tmp_path / component / f"{layout.NAME}.parquet").unlink()
    with pytest.raises(Rewis3dError, match=rf"{component}/.*parquet: it is missing; needed are"):
        waymo.read(tmp_path, sweeps=1)


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rewis3dError, match=r"no camera_calibration/<segment>\.parquet"):
        waymo.read(tmp_path / "a" / "b.parquet", sweeps=1)


def test_a_laser_without_calibration_is_named(tmp_path: Path) -> None:
    layout.write(tmp_path)
    path = tmp_path / "lidar_calibration" / f"{layout.NAME}.parquet"
    pq.write_table(pq.read_table(path).slice(0, 1), path)
    given = waymo.read(tmp_path, sweeps=1)
    with pytest.raises(Rewis3dError, match=r"parquet: it has no calibration of laser 2"):
        points(given, given.views[0].name)


def test_a_pose_that_is_none_is_named(tmp_path: Path) -> None:
    layout.write(tmp_path)
    path = tmp_path / "vehicle_pose" / f"{layout.NAME}.parquet"
    rows = pq.read_table(path).to_pylist()
    rows[1]["[VehiclePoseComponent].world_from_vehicle.transform"] = None
    pq.write_table(pa.Table.from_pylist(rows, schema=pq.read_schema(path)), path)
    with pytest.raises(Rewis3dError, match=r"world_from_vehicle\.transform is not a rotation"):
        waymo.read(tmp_path, sweeps=1)


def test_the_guide_s_script_names_the_images_as_the_views(
    segment: layout.Segment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = Path(__file__).parents[4] / "docs" / "user-guide.md"
    (script,) = re.findall(r"^```python\n(.*?)^```", guide.read_text(), re.MULTILINE | re.DOTALL)
    table = segment.root / "camera_image" / f"{layout.NAME}.parquet"
    (tmp_path / "camera_image.parquet").write_bytes(table.read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(script, {})  # noqa: S102 - what the guide says
    assert sorted(path.stem for path in (tmp_path / "frames").iterdir()) == sorted(
        segment.T_stage_camera
    )
