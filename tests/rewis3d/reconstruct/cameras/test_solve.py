from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from rewis3d.geometry import rotation_angle
from rewis3d.job import View
from rewis3d.reconstruct.cameras import mapped as mapping
from rewis3d.reconstruct.cameras.solve import ranges_of, solve
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.solution import Solution
from rewis3d.reports import Progress

from .conftest import POSES, Walk
from .room import FOCAL, film, pose, room, store

Result = TypeVar("Result")


def finish(running: Generator[Progress, None, Result]) -> tuple[Result, list[Progress]]:
    reports = []
    while True:
        try:
            reports.append(next(running))
        except StopIteration as stopped:
            return stopped.value, reports


def solved(views: Sequence[View], folder: Path, *, focal: float = FOCAL) -> Solution:
    return finish(solve(views, folder, ReconstructConfig(focal=focal)))[0]


def frames(solution: Solution) -> list[list[int]]:
    return [[view.frame_id for view in scene.views] for scene in solution.scenes]


def off_path(solution: Solution, poses: Sequence[np.ndarray]) -> float:
    """Largest distance from the true path after a similarity, as a share of its length."""
    got = np.array([view.T_world_camera[:3, 3] for view in solution.scenes[0].views])
    wanted = np.array(poses)[:, :3, 3]
    a, b = got - got.mean(axis=0), wanted - wanted.mean(axis=0)
    U, S, Vt = np.linalg.svd(b.T @ a)
    sign = np.diag([1, 1, np.linalg.det(U @ Vt)])
    scale = np.trace(np.diag(S) @ sign) / (a**2).sum()
    length = np.linalg.norm(np.diff(wanted, axis=0), axis=1).sum()
    return float(np.linalg.norm(scale * a @ (U @ sign @ Vt).T - b, axis=1).max() / length)


def test_a_walk_is_one_scene_with_its_true_cameras_and_the_estimated_lens(walk: Walk) -> None:
    config = ReconstructConfig()
    solution, reports = finish(solve(walk.views, walk.folder, config))
    assert frames(solution) == [list(range(1, 9))]
    assert off_path(solution, POSES) < 0.01
    views = solution.scenes[0].views
    turned = views[0].T_world_camera[:3, :3].T @ views[7].T_world_camera[:3, :3]
    assert rotation_angle(turned) == pytest.approx(14, abs=0.5)
    assert views[0].camera.K[0, 0] == pytest.approx(FOCAL, rel=0.03)
    assert solution.reprojection_error_px is not None
    assert solution.reprojection_error_px < 0.5
    assert (solution.reasons, solution.cuts) == ({}, ())
    assert "estimated" in solution.notes[0]
    assert {report.stage for report in reports} == {"features", "matching", "mapping"}
    assert reports[0].done == 8  # the folder had them already


def test_a_lens_that_the_motion_can_not_tell_is_assumed_and_said_so(tmp_path: Path) -> None:
    """Each focal length explains a camera that never turns, with depths stretched to fit."""
    poses = [pose(x=0.3 * at) for at in range(6)]
    solution = solved(film(tmp_path, poses), tmp_path, focal=0.0)
    assert frames(solution) == [list(range(1, 7))]
    assert "assumed" in solution.notes[0]
    assert solution.scenes[0].views[0].camera.distortion == ()
    assert off_path(solution, poses) < 0.01


def test_a_standing_camera_is_refused(tmp_path: Path) -> None:
    solution = solved(film(tmp_path, [pose()] * 5, noise=4.0), tmp_path, focal=0.0)
    assert solution.scenes == ()
    assert set(solution.reasons) == set(range(1, 6))
    assert all("does not move enough for depth" in why for why in solution.reasons.values())


def test_a_camera_that_only_turns_is_refused(tmp_path: Path) -> None:
    views = film(tmp_path, [pose(yaw=3 * at) for at in range(6)])
    solution = solved(views, tmp_path, focal=0.0)
    assert solution.scenes == ()
    assert all("does not move enough for depth" in why for why in solution.reasons.values())


def test_two_shots_are_two_scenes_with_a_cut_and_black_frames_are_named(tmp_path: Path) -> None:
    poses = [pose(x=0.3 * at, yaw=2 * at) for at in range(4)]
    views = film(tmp_path, poses)
    views += store(tmp_path, [np.zeros((192, 256), np.uint8)], first=5)
    views += film(tmp_path, poses, boards=room(50), first=6)
    solution = solved(views, tmp_path)
    assert frames(solution) == [[1, 2, 3, 4], [6, 7, 8, 9]]
    assert solution.cuts == (6,)
    assert solution.reasons == {5: "it shows nothing to hold on to (0 features)"}
    assert set(solution.ranges) == {1, 2, 3, 4, 6, 7, 8, 9}


def test_two_frames_are_enough_where_they_are_far_enough_apart(tmp_path: Path) -> None:
    far = solved(film(tmp_path / "far", [pose(), pose(x=1.0)]), tmp_path / "far")
    assert frames(far) == [[1, 2]]
    assert far.notes == ("focal length 250 px as given",)
    near = solved(film(tmp_path / "near", [pose(), pose(x=0.02)]), tmp_path / "near")
    assert near.scenes == ()
    assert "does not move enough" in near.reasons[1]


def test_one_frame_and_none_have_no_scene(tmp_path: Path) -> None:
    one = solved(film(tmp_path, [pose()]), tmp_path)
    assert one.scenes == ()
    assert one.reasons == {1: "not registered: fewer than 15 matches with any other frame"}
    assert solved([], tmp_path).reasons == {}


def test_where_global_mapping_places_too_few_the_incremental_one_tries(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "map_globally", lambda *_, **__: [])
    assert frames(solved(walk.views, walk.folder)) == [list(range(1, 9))]


def test_ranges_of_given_cameras_are_those_of_their_matches(walk: Walk) -> None:
    config = ReconstructConfig(focal=FOCAL)
    solution = solved(walk.views, walk.folder)
    ranges, _ = finish(ranges_of(solution.scenes, walk.views, walk.folder, config))
    assert set(ranges) == set(range(1, 9))
    for frame, (near, far) in ranges.items():
        assert near == pytest.approx(solution.ranges[frame][0], rel=0.3)
        assert 0.5 < far / solution.ranges[frame][1] < 2
