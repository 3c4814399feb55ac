from __future__ import annotations

import numpy as np
import pytest

from annotations import classes
from app.viewer.project import Project
from app.workspace import Workspace
from rewis3d.types import UNLABELLED, Rewis3dError
from tests.app import judged, samples
from tests.app.viewer import worlds


def test_a_project_without_a_scene_has_none(project: Workspace):
    assert Project(project).scene_number() is None


def test_the_pieces_of_the_scene_that_is_used_are_read(project: Workspace):
    worlds.give_scene(project)
    number = worlds.give_scene(project, pieces=2)
    seen = Project(project)
    assert seen.scene_number() == number
    assert [len(piece.views) for piece in seen.pieces(number)] == [2, 2]


def test_a_scene_whose_files_are_gone_is_named(project: Workspace):
    number = worlds.give_scene(project)
    next(project.path(f"scenes/{number:04d}/views").glob("*.depth.npy")).unlink()
    with pytest.raises(Rewis3dError, match=r"depth\.npy"):
        Project(project).pieces(number)


def test_masks_are_what_is_drawn_now(project: Workspace):
    seen, first = Project(project), samples.frame_ids(project)[0]
    frame = seen.frames()[first]
    assert (seen.mask(frame, seen.class_map()) == UNLABELLED).all()
    assert seen.labelled() == []
    samples.draw(project, samples.stroke(first, 1, (10.0, 10.0), (20.0, 10.0)))
    mask = seen.mask(frame, seen.class_map())
    assert mask[10, 15] == 1
    assert set(np.unique(mask)) == {1, UNLABELLED}
    assert seen.labelled() == [first]


def test_thumbnails_and_images_are_files(project: Workspace):
    seen = Project(project)
    frames = seen.frames()
    assert set(seen.thumbnails()) == set(frames)
    assert all(path.is_file() for path in seen.thumbnails().values())
    assert all(seen.image(frame).is_file() for frame in frames.values())


def test_predictions_are_read_with_the_classes_of_now(project: Workspace):
    samples.label_all(project)
    judged.predicted_round(project, {index: samples.truth(index) for index in range(4)})
    seen = Project(project)
    predicted = seen.predicted()
    assert predicted is not None
    frame = seen.frames()[samples.frame_ids(project)[0]]
    before = seen.prediction(predicted, frame, seen.class_map())
    assert set(np.unique(before)) <= {0, 1, 2}
    with project.write() as conn:
        classes.delete_class(conn, 0, author="ann")
    after = seen.prediction(predicted, frame, seen.class_map())
    # the classes after the deleted one have moved up in the list
    expected = np.array([UNLABELLED, 0, 1], np.uint8)[before]
    np.testing.assert_array_equal(after, expected)


def test_without_a_round_nothing_is_predicted(project: Workspace):
    assert Project(project).predicted() is None
