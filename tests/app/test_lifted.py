from __future__ import annotations

import numpy as np
import pytest

from annotations import classes, store
from annotations.types import ERASER
from app import lifted as module
from app.errors import StudioError
from app.lifted import Lifted, Now
from app.workspace import Workspace
from rewis3d.types import UNLABELLED
from tests.app.samples import draw, frame_ids, stroke
from tests.app.scenery import make_scene


def now_of(lifted: Lifted) -> Now:
    now = lifted.now()
    assert now is not None
    return now


def draw_on(project: Workspace, place: int, class_id: int, *, y: float = 20.0) -> int:
    frame_id = frame_ids(project)[place]
    draw(project, stroke(frame_id, class_id, (10, y), (50, y)))
    return frame_id


def test_without_a_scene_there_is_nothing(project):
    draw_on(project, 0, 0)
    assert Lifted(project).now() is None


def test_strokes_lie_on_the_grid_as_class_ids(project):
    make_scene(project)
    frame_id = draw_on(project, 1, 1, y=21.0)
    now = now_of(Lifted(project))
    assert list(now.drawn) == [frame_id]
    own = now.own(frame_id)
    assert own.shape == (24, 32)
    assert np.flatnonzero((own == 1).any(axis=1)).tolist() == [9, 10, 11]
    assert (now.own(frame_ids(project)[0]) == UNLABELLED).all()


def test_a_stroke_lifts_its_own_frame_and_no_other(project, monkeypatch):
    make_scene(project)
    first, second = draw_on(project, 0, 0), draw_on(project, 1, 1)
    lifted = Lifted(project)
    before = now_of(lifted)
    lifts: list[int] = []
    lift = module.lift

    def counted(mask, view):
        lifts.append(view.frame_id)
        return lift(mask, view)

    monkeypatch.setattr(module, "lift", counted)
    draw_on(project, 1, 0, y=40.0)
    after = now_of(lifted)
    assert lifts == [second]
    assert after.drawn[first] is before.drawn[first]
    assert after.drawn[second] is not before.drawn[second]
    assert after.key != before.key
    assert now_of(lifted).key == after.key
    assert lifts == [second]


def test_undo_takes_back_what_a_stroke_lifted(project):
    make_scene(project)
    frame_id = draw_on(project, 0, 0)
    lifted = Lifted(project)
    before = now_of(lifted)
    draw_on(project, 0, 1, y=40.0)
    assert (now_of(lifted).own(frame_id) == 1).any()
    with project.write() as conn:
        store.undo(conn, author="ann", client="test")
    assert np.array_equal(now_of(lifted).own(frame_id), before.own(frame_id))
    with project.write() as conn:
        store.undo(conn, author="ann", client="test")
    assert now_of(lifted).drawn == {}


def test_an_erased_frame_is_no_longer_drawn_on(project):
    make_scene(project)
    frame_id = draw_on(project, 0, 0)
    lifted = Lifted(project)
    assert list(now_of(lifted).drawn) == [frame_id]
    draw(project, stroke(frame_id, ERASER, (32, 24), width=200.0))
    assert now_of(lifted).drawn == {}


def test_merged_and_deleted_classes_change_what_was_lifted(project):
    make_scene(project)
    first, second = draw_on(project, 0, 0), draw_on(project, 1, 1)
    lifted = Lifted(project)
    before = now_of(lifted)
    with project.write() as conn:
        classes.merge_class(conn, 1, 0, author="ann")
    merged = now_of(lifted)
    assert set(np.unique(merged.own(second))) == {0, UNLABELLED}
    assert merged.drawn[first] is before.drawn[first]  # nothing that hangs on it is made anew
    with project.write() as conn:
        classes.delete_class(conn, 0, author="ann")
    assert now_of(lifted).drawn == {}
    with project.write() as conn:
        classes.restore_class(conn, 0, author="ann")
        classes.restore_class(conn, 1, author="ann")
    back = now_of(lifted)
    assert np.array_equal(back.own(second), before.own(second))
    assert np.array_equal(back.own(first), before.own(first))


def test_ids_stay_what_they_are_when_train_ids_move(project):
    make_scene(project)
    draw_on(project, 0, 0)
    second = draw_on(project, 1, 1)
    with project.write() as conn:
        classes.delete_class(conn, 0, author="ann")
    assert set(np.unique(now_of(Lifted(project)).own(second))) == {1, UNLABELLED}


def test_what_has_no_surface_is_not_lifted(project):
    make_scene(project)
    frame_id = draw_on(project, 0, 2)
    lifted = Lifted(project)
    now = now_of(lifted)
    assert (now.own(frame_id) == 2).any()
    assert len(now.drawn[frame_id].lifted.cells) == 0
    with project.write() as conn:
        classes.set_geometry(conn, 2, True, author="ann")
    assert len(now_of(lifted).drawn[frame_id].lifted.cells) > 0


def test_frames_outside_the_scene_are_left_out(project):
    ids = frame_ids(project)
    make_scene(project, frames=ids[:2])
    draw_on(project, 3, 0)
    now = now_of(Lifted(project))
    assert now.drawn == {}
    assert now.scene.view(ids[3]) is None
    assert now.scene.view(ids[1]) is not None


def test_another_scene_takes_the_place_of_the_first(project):
    first = make_scene(project)
    frame_id = draw_on(project, 0, 0)
    lifted = Lifted(project)
    assert now_of(lifted).scene.number == first
    second = make_scene(project, frames=frame_ids(project)[1:])
    now = now_of(lifted)
    assert now.scene.number == second
    assert now.scene.view(frame_id) is None
    assert now.drawn == {}


def test_a_scene_whose_files_are_gone_is_named(project):
    number = make_scene(project)
    frame_id = draw_on(project, 0, 0)
    lifted = Lifted(project)
    now = now_of(lifted)
    for file in sorted((project.root / f"scenes/{number:04d}").rglob("*.npy")):
        file.unlink()
    with pytest.raises(StudioError, match=rf"^scene {number} can't be read: .*depth\.npy"):
        now.scene.view(frame_id)
    draw_on(project, 0, 1, y=40.0)
    with pytest.raises(StudioError, match=r"can't be read"):
        lifted.now()
    (project.root / f"scenes/{number:04d}/cameras.json").unlink()
    with pytest.raises(StudioError, match=r"not a reconstruction"):
        Lifted(project).now()


def test_strokes_of_reserved_frames_are_no_source(project):
    make_scene(project)
    first, second = draw_on(project, 0, 0), draw_on(project, 1, 1)
    lifted = Lifted(project)
    third = frame_ids(project)[2]
    before = now_of(lifted)
    assert [one.lifted.frame_id for one in before.sources(third)] == [first, second]
    with project.write() as conn:
        store.set_reserved(conn, [first])
    now = now_of(lifted)
    assert [one.lifted.frame_id for one in now.sources(third)] == [second]
    assert [one.lifted.frame_id for one in now.sources(first)] == [second]
    assert now.key != before.key
