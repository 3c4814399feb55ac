from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from annotations import store
from annotations.classes import classes_at
from annotations.rasterise import rasterise
from app import scenes
from app.benchmark.annotator import labelled_frames, stroked
from app.benchmark.coverage import Coverage
from app.simulate import draw_strokes
from app.workspace import Workspace
from tests.app import samples
from tests.app.benchmark.planned import planned, wish
from tests.app.scenery import make_scene


def masks(labelled, class_map) -> dict[int, np.ndarray]:
    return {
        one.frame.index: rasterise(one.strokes, class_map, one.frame.height, one.frame.width)
        for one in labelled
    }


@pytest.mark.parametrize("kind", ["scribbles", "points", "coarse"])
def test_the_strokes_are_those_that_would_be_simulated_in_the_project(
    project: Workspace, labels: Path, kind: str
) -> None:
    plan = planned(project, wish(labels, frames=2, kind=kind, length=0.5))
    found = masks(labelled_frames(plan, "strokes", seed=3), plan.class_map)
    draw_strokes(project, labels, frames=plan.drawn, kind=kind, length=0.5, seed=3)
    with project.read() as conn:
        class_map = classes_at(conn)
        assert set(found) == {frame.index for frame in plan.drawn}
        for frame in plan.drawn:
            drawn = store.strokes_at(conn, frame.frame_id)
            mask = rasterise(drawn, class_map, frame.height, frame.width)
            np.testing.assert_array_equal(found[frame.index], mask)


def test_a_seed_draws_the_same_again_and_another_seed_does_not(
    project: Workspace, labels: Path
) -> None:
    plan = planned(project, wish(labels, frames=2))
    (first, second, other) = (
        masks(labelled_frames(plan, "strokes", seed=seed), plan.class_map) for seed in (0, 0, 1)
    )
    assert all((first[index] == second[index]).all() for index in first)
    assert any((first[index] != other[index]).any() for index in first)


def test_dense_labels_are_the_labels_pixel_for_pixel(project: Workspace, labels: Path) -> None:
    plan = planned(project, wish(labels, frames=2))
    found = masks(labelled_frames(plan, "dense", seed=0), plan.class_map)
    assert set(found) == {frame.index for frame in plan.drawn}
    for index, mask in found.items():
        np.testing.assert_array_equal(mask, samples.truth(index))


def test_everywhere_is_every_frame_that_is_not_reserved(project: Workspace, labels: Path) -> None:
    with project.write() as conn:
        store.set_reserved(conn, [samples.frame_ids(project)[1]])
    plan = planned(project, wish(labels))
    assert set(masks(labelled_frames(plan, "everywhere", seed=0), plan.class_map)) == {0, 2, 3}


def test_covered_labels_are_strokes_and_exact_labels_where_the_depth_is_sure(
    project: Workspace, labels: Path
) -> None:
    first = samples.frame_ids(project)[0]
    number = make_scene(project, frames=[first])
    with project.read() as conn:
        root = scenes.folder(project, scenes.get_scene(conn, number)).root
    plan = planned(project, wish(labels, frames=1))
    (drawn,) = plan.drawn
    found = labelled_frames(plan, "covered", seed=0, coverage=Coverage(root))
    assert {one.frame.frame_id for one in found} == {first, drawn.frame_id}
    dense = next(one for one in found if one.frame.frame_id == first)
    mask = rasterise(dense.strokes, plan.class_map, samples.HEIGHT, samples.WIDTH)
    np.testing.assert_array_equal(mask, samples.truth(dense.frame.index))
    with pytest.raises(ValueError, match="covered"):
        labelled_frames(plan, "covered", seed=0)


def test_what_strokes_cover_judges_nothing(project: Workspace, labels: Path) -> None:
    plan = planned(project, wish(labels))
    (frame,) = plan.drawn
    mask = masks(labelled_frames(plan, "strokes", seed=2), plan.class_map)[frame.index]
    np.testing.assert_array_equal(stroked(plan, frame, seed=2), mask != 255)


def test_the_project_gets_no_stroke(project: Workspace, labels: Path) -> None:
    labelled_frames(planned(project, wish(labels)), "strokes", seed=0)
    with project.read() as conn:
        assert store.stroke_counts(conn) == {}
