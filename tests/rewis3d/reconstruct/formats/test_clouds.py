"""Clouds beside cameras: PLY, LAS and LAZ, far from the origin, in parts, and damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import laspy
import numpy as np
import pytest
from plyfile import PlyData, PlyElement

from rewis3d.geometry import pinhole
from rewis3d.reconstruct.formats import clouds
from rewis3d.reconstruct.formats.types import Given, GivenDepth, GivenView
from rewis3d.types import Rewis3dError
from tests.rewis3d.stage import pose

UTM = np.array([456_123.25, 5_428_987.5, 116.75])


def write_ply(path: Path, xyz: np.ndarray, *, text: bool = False) -> Path:
    kinds = [("x", "f8"), ("y", "f8"), ("z", "f8"), ("red", "u1")]
    vertices = np.zeros(len(xyz), kinds)
    for name, values in zip("xyz", xyz.T, strict=True):
        vertices[name] = values
    PlyData([PlyElement.describe(vertices, "vertex")], text=text).write(path)
    return path


def write_las(path: Path, xyz: np.ndarray) -> Path:
    header = laspy.LasHeader(point_format=3, version="1.2")
    header.offsets, header.scales = UTM.round(), np.full(3, 1e-3)
    las = laspy.LasData(header)
    las.x, las.y, las.z = xyz.T
    las.write(str(path))
    return path


WRITERS: dict[str, Callable[[Path, np.ndarray], Path]] = {
    "c.ply": write_ply,
    "C.PLY": lambda path, xyz: write_ply(path, xyz, text=True),
    "c.las": write_las,
    "c.laz": write_las,
}


def some(count: int = 50) -> np.ndarray:
    return UTM + np.random.default_rng(0).uniform(-40, 40, (count, 3)).round(3)


def cameras(*, metric: bool = False) -> Given:
    views = []
    for place in range(2):
        T = pose(2.0 * place)
        T[:3, 3] += UTM
        views.append(GivenView(f"f_{place}", pinhole(40.0, 64, 48), T))
    return Given(Path("t"), tuple(views), metric=metric, notes=("so",))


@pytest.mark.parametrize("name", WRITERS)
def test_points_and_cameras_share_a_near_origin(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clouds, "_PIECE", 20)
    xyz = some()
    given = clouds.beside(WRITERS[name](tmp_path / name, xyz), cameras())
    assert [view.T_world_camera[0, 3] for view in given.views] == [0, 2]
    assert given.metric == (not name.lower().endswith("ply"))
    assert given.notes == ("so", f"depth from {name}")
    assert given.measured is not None
    seen = dict(given.measured.seen_by(["f_0"], scratch=tmp_path))
    assert list(seen) == ["f_0"]
    for view, pieces in given.measured.seen_by(["f_1", "f_0"], scratch=tmp_path):
        parts = list(pieces)
        assert view in ("f_0", "f_1")
        assert [len(part) for part in parts] == [20, 20, 10]
        assert np.concatenate(parts) == pytest.approx(xyz - UTM, abs=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == [name]  # nothing is left behind


def test_a_ply_is_in_metres_where_the_cameras_say_so(tmp_path: Path) -> None:
    file = write_ply(tmp_path / "c.ply", some())
    assert clouds.beside(file, cameras(metric=True)).metric


def test_depth_images_make_way_for_a_cloud_that_was_named(tmp_path: Path) -> None:
    file = write_ply(tmp_path / "c.ply", some())
    view = GivenView("a", pinhole(40.0, 64, 48), np.eye(4), GivenDepth(tmp_path / "d.png", 1.0))
    given = clouds.beside(file, Given(tmp_path, (view,), metric=True))
    assert given.views[0].depth is None


def test_the_one_cloud_of_a_folder_is_found(tmp_path: Path) -> None:
    for name in ("sparse_pc.ply", "points3D.ply", "notes.txt"):
        (tmp_path / name).touch()
    assert clouds.find(tmp_path) is None
    (tmp_path / "scan.LAZ").touch()
    assert clouds.find(tmp_path) == tmp_path / "scan.LAZ"
    (tmp_path / "other.ply").touch()
    with pytest.raises(
        Rewis3dError, match=r"2 clouds; name the one .* --given .*other\.ply, or the"
    ):
        clouds.find(tmp_path)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_named(tmp_path: Path, name: str, kept: float) -> None:
    file = WRITERS[name](tmp_path / name, some())
    stored = file.read_bytes()
    file.write_bytes(stored[: int(len(stored) * kept)])
    with pytest.raises(Rewis3dError, match=rf"{file.name}: "):
        list(clouds.pieces(file))


def test_a_las_without_its_last_points_is_named(tmp_path: Path) -> None:
    file = write_las(tmp_path / "c.las", some())
    with laspy.open(file) as reader:
        size = reader.header.point_format.size
    file.write_bytes(file.read_bytes()[: -3 * size])
    with pytest.raises(Rewis3dError, match=r"c\.las: 3 points are missing at its end"):
        list(clouds.pieces(file))


def test_a_mesh_counts_by_its_corners_and_other_files_are_refused(tmp_path: Path) -> None:
    faces = np.array([([0, 1, 2],)], [("vertex_indices", "i4", (3,))])
    vertices = np.zeros(3, [("x", "f4"), ("y", "f4"), ("z", "f4")])
    elements = [PlyElement.describe(vertices, "vertex"), PlyElement.describe(faces, "face")]
    PlyData(elements).write(tmp_path / "mesh.ply")
    assert sum(len(part) for part in clouds.pieces(tmp_path / "mesh.ply")) == 3
    PlyData(elements[1:]).write(tmp_path / "faces.ply")
    with pytest.raises(Rewis3dError, match=r"faces\.ply: not a PLY with vertices of x, y and z"):
        list(clouds.pieces(tmp_path / "faces.ply"))
    with pytest.raises(Rewis3dError, match=r"gone\.ply: "):
        list(clouds.pieces(tmp_path / "gone.ply"))
    with pytest.raises(Rewis3dError, match=r"gone\.las: "):
        list(clouds.pieces(tmp_path / "gone.las"))


def test_a_file_that_cannot_be_read_is_said_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "c.ply").write_text("no")
    with pytest.raises(Rewis3dError, match=r"c\.ply: not a PLY"):
        clouds.beside(tmp_path / "c.ply", cameras())
