from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.viewer import colours
from app.viewer.cloud import Cloud
from app.viewer.messages import Appearance
from app.viewer.piece import Piece, make_piece
from rewis3d.scene import Scene
from tests.app.samples import CLASSES
from tests.app.viewer import worlds

ALL = Appearance(confidence=0.0)


@pytest.fixture
def piece(scene: Scene, cloud: Cloud) -> Piece:
    """A piece whose first frame says that the road is ground and a wall is a thing."""
    piece = Piece(scene, cloud)
    seen = worlds.look(scene.views[0].geometry).surface
    mask = np.full(seen.shape, 255, np.uint8)
    mask[seen == 0], mask[seen == 1] = 0, 1
    assert piece.put_strokes(
        scene.views[0].frame_id, mask.repeat(2, axis=0).repeat(2, axis=1), classes=CLASSES
    )
    return piece


def test_each_colouring_has_its_own_colours(piece: Piece, cloud: Cloud):
    def seen(colouring: str) -> np.ndarray:
        return piece.colours(replace(ALL, colouring=colouring), CLASSES)

    np.testing.assert_array_equal(seen("image"), cloud.rgb)
    np.testing.assert_array_equal(seen("confidence"), colours.ramp(cloud.points.confidence))
    under = colours.faded(cloud.rgb, dark=False)
    np.testing.assert_array_equal(seen("prediction"), under)  # nothing is predicted
    drawn = seen("strokes")
    ground = (drawn == CLASSES.classes[0].colour).all(axis=1)
    thing = (drawn == CLASSES.classes[1].colour).all(axis=1)
    assert set(cloud.points.view[ground]) == {0, 1, 2, 3}
    np.testing.assert_array_equal(drawn[~ground & ~thing], under[~ground & ~thing])
    ghosts = seen("ghosts")
    own = (cloud.points.view == 0) & (ground | thing)
    assert (ghosts[own] == colours.ramp(np.ones(1, np.float32))).all()
    np.testing.assert_array_equal(ghosts[~ground & ~thing], under[~ground & ~thing])


def test_a_hidden_class_is_left_out_where_classes_show(piece: Piece, cloud: Cloud):
    look = replace(ALL, colouring="strokes", hidden=(1,))
    drawn = piece.colours(look, CLASSES)
    thing = (drawn == CLASSES.classes[1].colour).all(axis=1)
    np.testing.assert_array_equal(piece.shown(look, CLASSES), ~thing)
    assert piece.shown(replace(look, colouring="image"), CLASSES).all()
    colour = np.array(CLASSES.classes[0].colour)
    assert (piece.ink(look, CLASSES)[1] == colour).all()


def test_ink_shows_where_strokes_do(piece: Piece):
    xyz, rgb = piece.ink(replace(ALL, colouring="strokes"), CLASSES)
    assert len(xyz) == len(rgb) > 100
    for colouring in ("image", "ghosts", "prediction", "confidence"):
        assert len(piece.ink(replace(ALL, colouring=colouring), CLASSES)[0]) == 0


def test_labels_that_are_forgotten_wait_to_be_put_anew(piece: Piece, cloud: Cloud):
    piece.forget_labels([4, 5])
    assert piece.waiting == {4, 5}
    under = colours.faded(cloud.rgb, dark=False)
    np.testing.assert_array_equal(piece.colours(replace(ALL, colouring="strokes"), CLASSES), under)


def test_a_piece_of_a_scene_has_at_most_so_many_points(scene: Scene):
    piece = make_piece(scene, lambda _: None, most=200)
    assert 100 < len(piece.cloud) <= 200
    assert piece.depth == pytest.approx(float(np.median(piece.cloud.points.depth)))
