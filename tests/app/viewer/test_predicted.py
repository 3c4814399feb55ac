from __future__ import annotations

import numpy as np
import pytest

from app.viewer.cloud import Cloud, image_xy
from app.viewer.predicted import Predictions
from app.viewer.project import Predicted, Project
from app.workspace import Workspace
from rewis3d.scene import Scene
from rewis3d.types import UNLABELLED
from tests.app import judged, samples


@pytest.fixture
def seen(project: Workspace) -> Project:
    samples.label_all(project)
    judged.predicted_round(project, {index: samples.truth(index) for index in range(4)})
    return Project(project)


@pytest.fixture
def predicted(seen: Project) -> Predicted:
    found = seen.predicted()
    assert found is not None
    return found


def read_all(labels: Predictions, scene: Scene, seen: Project, predicted: Predicted) -> None:
    frames, classes = seen.frames(), seen.class_map()
    for place in labels.unread(predicted):
        frame = frames[scene.views[place].frame_id]
        labels.read(place, seen, predicted, frame, classes)


def test_points_take_the_prediction_at_their_own_pixels(
    scene: Scene, cloud: Cloud, seen: Project, predicted: Predicted
):
    labels = Predictions(scene, cloud)
    assert (labels.labels == UNLABELLED).all()
    assert labels.unread(predicted) == [0, 1, 2, 3]
    read_all(labels, scene, seen, predicted)
    assert labels.unread(predicted) == []
    for place, view in enumerate(scene.views):
        mask = seen.prediction(predicted, seen.frames()[view.frame_id], seen.class_map())
        rows = cloud.rows(place)
        column, row = image_xy(view.geometry, cloud.points.cell[rows]).astype(int).T
        np.testing.assert_array_equal(labels.labels[rows], mask[row, column])


def test_what_is_forgotten_is_read_anew(
    scene: Scene, cloud: Cloud, seen: Project, predicted: Predicted
):
    labels = Predictions(scene, cloud)
    read_all(labels, scene, seen, predicted)
    labels.forget(scene.views[2].frame_id)
    assert labels.unread(predicted) == [2]
    labels.forget()
    assert labels.unread(predicted) == [0, 1, 2, 3]
    assert (labels.labels == UNLABELLED).all()


def test_a_prediction_that_is_gone_leaves_the_others(
    scene: Scene, cloud: Cloud, seen: Project, predicted: Predicted, project: Workspace
):
    frame = scene.views[1].frame_id
    project.path(predicted.files[frame].labels_file).unlink()
    labels = Predictions(scene, cloud)
    read_all(labels, scene, seen, predicted)
    assert (labels.labels[cloud.rows(1)] == UNLABELLED).all()
    assert (labels.labels[cloud.rows(0)] != UNLABELLED).all()
