from dataclasses import replace

import numpy as np
import pytest

from rewis3d.geometry import Camera
from rewis3d.reconstruct.cameras import trajectory
from rewis3d.reconstruct.cameras.model import Model, part
from rewis3d.reconstruct.cameras.parallax import SOLID, parallaxes
from rewis3d.reconstruct.cameras.validate import OBSERVATIONS, Link, still, validate

from .conftest import Walk
from .room import pose


@pytest.fixture(scope="module")
def links(walk: Walk) -> list[Link]:
    moved = parallaxes(walk.matches, walk.lenses).tolist()
    return [Link(match, px) for match, px in zip(walk.matches, moved, strict=True)]


def moved(model: Model, places, T) -> Model:
    """Take some views somewhere else; their points stay."""
    poses = {at: T @ P if at in places else P for at, P in model.poses.items()}
    return replace(model, poses=poses)


def test_a_true_model_stays_whole(walk: Walk, links) -> None:
    result = validate(walk.model, links, videos=[range(8)], whole=8)
    assert [piece.places for piece in result.pieces] == [tuple(range(8))]
    assert result.reasons == {}


def test_a_view_in_the_wrong_place_is_dropped_with_a_reason(walk: Walk, links) -> None:
    wrong = moved(walk.model, {3}, pose(yaw=90))
    result = validate(wrong, links, videos=[range(8)], whole=8)
    assert [piece.places for piece in result.pieces] == [(0, 1, 2, 4, 5, 6, 7)]
    assert "place is uncertain: 0 points" in result.reasons[3]


def test_a_view_with_few_points_is_dropped(walk: Walk, links) -> None:
    model = walk.model
    seen = np.flatnonzero(model.place == 0)
    kept = np.delete(np.arange(len(model.place)), seen[OBSERVATIONS - 1 :])
    few = replace(model, point=model.point[kept], place=model.place[kept], xy=model.xy[kept])
    result = validate(few, links, videos=[range(8)], whole=8)
    assert [piece.places for piece in result.pieces] == [tuple(range(1, 8))]
    assert "points that other frames see well" in result.reasons[0]


def test_pairs_that_do_not_fit_their_cameras_hold_nothing_together(walk: Walk, links) -> None:
    """Both halves are right in themselves, and wrong to each other."""
    turned = pose(x=3, z=2, yaw=25)
    model = walk.model
    first = model.place < 4
    xyz = np.concatenate([model.xyz, model.xyz @ turned[:3, :3].T + turned[:3, 3]])
    point = np.where(first, model.point, model.point + len(model.xyz))
    torn = replace(moved(model, {4, 5, 6, 7}, turned), xyz=xyz, point=point)
    result = validate(torn, links, videos=[], whole=8)
    assert [piece.places for piece in result.pieces] == [(0, 1, 2, 3), (4, 5, 6, 7)]


def test_a_video_is_cut_where_its_trajectory_breaks_and_photos_are_not(
    walk: Walk, links, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trajectory, "JUMP", 3.0)
    places = [0, 1, 2, 3, 7]  # the last step is four times the others
    model = part(walk.model, places)
    (photos,) = validate(model, links, videos=[], whole=5).pieces
    assert photos.places == (0, 1, 2, 3, 7)
    video = validate(model, links, videos=[places], whole=5)
    assert [piece.places for piece in video.pieces] == [(0, 1, 2, 3)]
    assert "nothing confirms its place: 1 frame of 5" in video.reasons[7]


def test_what_is_left_over_in_twos_has_nothing_that_confirms_it(walk: Walk, links) -> None:
    few = [link for link in links if {link.match.a, link.match.b} in ({0, 6}, {1, 2, 3})]
    result = validate(walk.model, few, videos=[], whole=8)
    assert result.pieces == []
    assert "nothing confirms its place: 2 frames of 8" in result.reasons[0]


def test_a_camera_that_stands_is_refused(walk: Walk, links) -> None:
    standing = [replace(link, parallax=SOLID / 2) for link in links]
    result = validate(walk.model, standing, videos=[range(8)], whole=8)
    assert result.pieces == []
    assert "the camera does not move enough for depth" in result.reasons[0]
    one_pair = [replace(standing[0], parallax=99.0), *standing[1:]]  # mismatches
    assert still(one_pair, range(8)) is not None
    assert still(links, range(8)) is None


def test_a_focal_length_that_ran_away_is_refused(walk: Walk, links) -> None:
    def long(camera: Camera) -> Camera:
        return replace(camera, K=camera.K @ np.diag([30.0, 30.0, 1.0]))

    model = walk.model
    scale = np.diag([1.0, 1.0, 30.0])
    far = replace(
        model,
        cameras={at: long(camera) for at, camera in model.cameras.items()},
        poses={at: _tele(P, scale) for at, P in model.poses.items()},
        xyz=model.xyz @ scale,
    )
    result = validate(far, links, videos=[], whole=8)
    assert result.pieces == []


def _tele(P: np.ndarray, scale: np.ndarray) -> np.ndarray:
    T = P.copy()
    T[:3, 3] = scale @ T[:3, 3]
    return T
