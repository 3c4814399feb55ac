from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from annotations import classes, store
from app import ghosts as module
from app.errors import StudioError
from app.ghosts import Ghosts, Summary
from app.workspace import Workspace
from rewis3d.types import UNLABELLED
from tests.app.samples import draw, frame_ids, stroke
from tests.app.scenery import STEP, make_scene


@pytest.fixture
def ghosts(project: Workspace) -> Iterator[Ghosts]:
    made = Ghosts(project)
    yield made
    made.close()


def labels_of(ghosts: Ghosts, frame_id: int) -> np.ndarray:
    found = ghosts.of_frame(frame_id)
    assert found is not None
    return found.labels


def settled(ghosts: Ghosts) -> Summary:
    found = ghosts.summary(patience=10.0)
    assert not found.stale
    return found


def test_a_stroke_shows_where_it_lands_in_the_other_frames(project, ghosts):
    make_scene(project)
    first, second, third, _ = frame_ids(project)
    assert (labels_of(ghosts, second) == UNLABELLED).all()
    draw(project, stroke(first, 1, (30, 21), (50, 21)))
    assert (labels_of(ghosts, first) == UNLABELLED).all()
    rows, columns = np.nonzero(labels_of(ghosts, second) == 1)
    assert set(rows.tolist()) == {9, 10, 11}
    assert (columns.min(), columns.max()) == (14 - STEP, 25 - STEP)
    found = ghosts.of_frame(third)
    assert found is not None
    columns = np.nonzero(found.labels == 1)[1]
    assert (columns.min(), columns.max()) == (14 - 2 * STEP, 25 - 2 * STEP)
    assert (found.sources[found.labels == 1] == first).all()


def test_undo_merge_and_delete_reach_the_ghosts(project, ghosts):
    make_scene(project)
    first, second, *_ = frame_ids(project)
    draw(project, stroke(first, 1, (30, 21), (50, 21)))
    assert (labels_of(ghosts, second) == 1).any()
    with project.write() as conn:
        classes.merge_class(conn, 1, 0, author="ann")
    assert (labels_of(ghosts, second) == 0).any()
    with project.write() as conn:
        classes.delete_class(conn, 0, author="ann")
    assert (labels_of(ghosts, second) == UNLABELLED).all()
    with project.write() as conn:
        classes.restore_class(conn, 0, author="ann")
    assert (labels_of(ghosts, second) == 0).any()
    with project.write() as conn:
        store.undo(conn, author="ann", client="test")
    assert (labels_of(ghosts, second) == UNLABELLED).all()


def test_sky_has_no_ghosts(project, ghosts):
    make_scene(project)
    first, second, *_ = frame_ids(project)
    draw(project, stroke(first, 2, (30, 21), (50, 21)))
    assert (labels_of(ghosts, second) == UNLABELLED).all()


def test_reserved_frames_show_ghosts_and_give_none(project, ghosts):
    make_scene(project)
    first, second, *_ = frame_ids(project)
    draw(project, stroke(first, 1, (30, 21), (50, 21)), stroke(second, 0, (30, 41), (50, 41)))
    assert settled(ghosts).gained.keys() == set(frame_ids(project))
    with project.write() as conn:
        store.set_reserved(conn, [second])
    assert (labels_of(ghosts, first) == UNLABELLED).all()
    assert (labels_of(ghosts, second) == 1).any()
    assert first not in settled(ghosts).gained
    with project.write() as conn:
        store.set_reserved(conn, [second], False)
    assert (labels_of(ghosts, first) == 0).any()


def test_frames_without_a_view_have_no_ghosts(project, ghosts):
    first, second, third, fourth = frame_ids(project)
    assert ghosts.of_frame(first) is None
    assert ghosts.view(first) is None
    assert settled(ghosts) == Summary(None, {}, (), stale=False)
    make_scene(project, frames=[first, second])
    draw(project, stroke(fourth, 1, (30, 21), (50, 21)))
    assert ghosts.of_frame(third) is None
    assert ghosts.view(third) is None
    assert ghosts.of_frame(99) is None
    assert (labels_of(ghosts, first) == UNLABELLED).all()
    assert ghosts.view(first) is not None


def test_the_frames_that_gained_are_counted(project, ghosts):
    number = make_scene(project)
    first, *others = frame_ids(project)
    draw(project, stroke(first, 1, (42, 21), (50, 21)))
    found = settled(ghosts)
    assert found.scene == number
    counts = {frame: int((labels_of(ghosts, frame) == 1).sum()) for frame in others}
    assert found.gained == {frame: count for frame, count in counts.items() if count}
    assert len(found.gained) == 3


def test_a_place_with_two_classes_is_listed_until_it_is_resolved(project, ghosts):
    make_scene(project)
    first, second, *_ = frame_ids(project)
    draw(project, stroke(first, 1, (30, 21), (50, 21), width=9.0))
    draw(project, stroke(second, 0, (34, 5), (34, 40), width=9.0))
    (conflict,) = settled(ghosts).conflicts
    assert (conflict.frames, conflict.labels) == ((first, second), (1, 0))
    (x, y), (other_x, other_y) = conflict.xy
    assert abs(x - 2 * STEP - 34) < 5
    assert abs(y - 21) < 5
    assert (other_x, other_y) == (x - 2 * STEP, y)
    with project.write() as conn:
        store.undo(conn, author="ann", client="test")
    assert settled(ghosts).conflicts == []


def test_only_frames_that_a_stroke_reaches_are_worked_out_anew(project, ghosts, monkeypatch):
    first, second, third, fourth = frame_ids(project)
    make_scene(project)
    draw(project, stroke(first, 1, (58, 21)))
    settled(ghosts)
    carried: list[tuple[int, int]] = []
    compared: list[int] = []
    carry, clashes = module.carry, module.clashes

    def counted(lifted, view, surface):
        carried.append((lifted.frame_id, view.frame_id))
        return carry(lifted, view, surface)

    def seen(carried, frame_id, own, best):
        compared.append(frame_id)
        return clashes(carried, frame_id, own, best)

    monkeypatch.setattr(module, "carry", counted)
    monkeypatch.setattr(module, "clashes", seen)
    draw(project, stroke(fourth, 0, (60, 21)))  # off the image in all other frames
    settled(ghosts)
    assert sorted(carried) == [(fourth, first), (fourth, second), (fourth, third)]
    assert compared == [fourth]
    labels_of(ghosts, second)
    settled(ghosts)
    assert len(carried) == 3


def test_a_stroke_out_of_a_frames_sight_costs_nothing_there(project, ghosts, monkeypatch):
    first, second, third, fourth = frame_ids(project)
    make_scene(project)
    draw(project, stroke(first, 1, (42, 21), (50, 21)))
    before = settled(ghosts)
    carried: list[int] = []
    carry = module.carry

    def counted(lifted, view, surface):
        carried.append(view.frame_id)
        return carry(lifted, view, surface)

    monkeypatch.setattr(module, "carry", counted)
    draw(project, stroke(first, 1, (1, 41), width=2.0))  # at the left end: out of all others
    assert settled(ghosts) == before
    assert carried == []
    draw(project, stroke(first, 1, (42, 21)))  # on what is there already
    draw(project, stroke(first, 0, (9, 11), width=2.0))
    found = settled(ghosts)
    assert carried == [second]
    assert found.gained[second] > before.gained[second]
    assert {frame: found.gained[frame] for frame in (third, fourth)} == {
        frame: before.gained[frame] for frame in (third, fourth)
    }


def test_the_last_result_is_given_while_the_next_is_worked_out(project, ghosts, monkeypatch):
    make_scene(project)
    first, *_ = frame_ids(project)
    draw(project, stroke(first, 1, (42, 21), (50, 21)))
    before = settled(ghosts)
    go_on = threading.Event()
    fuse = module.fuse

    def held(carried, own, best=None):
        if threading.current_thread().name == "ghosts":
            go_on.wait(30)
        return fuse(carried, own, best)

    monkeypatch.setattr(module, "fuse", held)
    draw(project, stroke(first, 1, (42, 41), (50, 41)))
    started = time.monotonic()
    found = ghosts.summary()
    assert found.stale
    assert found.gained == before.gained
    second = frame_ids(project)[1]
    assert (labels_of(ghosts, second)[18:] == 1).any()  # those who wait don't wait for the thread
    assert time.monotonic() - started < 20
    go_on.set()
    after = settled(ghosts)
    assert after.gained[second] > before.gained[second]


def test_another_scene_does_not_show_the_gains_of_the_first(project, ghosts, monkeypatch):
    first = make_scene(project)
    draw(project, stroke(frame_ids(project)[0], 1, (42, 21), (50, 21)))
    assert settled(ghosts).gained
    second = make_scene(project, frames=frame_ids(project)[1:])
    found = ghosts.summary()
    assert (found.scene, found.gained) == (second, {})
    found = settled(ghosts)
    assert (found.scene, found.gained) == (second, {})
    assert first != second


def test_a_scene_that_can_not_be_read_is_named_and_tried_again(project, ghosts):
    number = make_scene(project)
    first, second, *_ = frame_ids(project)
    draw(project, stroke(first, 1, (42, 21), (50, 21)))
    file = project.root / f"scenes/{number:04d}/views/{second:06d}.depth.npy"
    content = file.read_bytes()
    file.unlink()
    with pytest.raises(StudioError, match=rf"^scene {number} can't be read: .*depth\.npy"):
        ghosts.summary(patience=10.0)
    with pytest.raises(StudioError, match="can't be read"):
        ghosts.of_frame(second)
    file.write_bytes(content)
    assert (labels_of(ghosts, second) == 1).any()
    draw(project, stroke(first, 1, (42, 41), (50, 41)))
    assert second in settled(ghosts).gained


def test_what_is_kept_of_carried_labels_is_bounded(project, ghosts, monkeypatch):
    make_scene(project)
    first, second, third, _ = frame_ids(project)
    draw(project, stroke(first, 1, (30, 21), (50, 21)))
    monkeypatch.setattr(module, "MOST_KEPT", 30)
    before = labels_of(ghosts, second)
    labels_of(ghosts, third)
    assert len(ghosts._carried._kept) == 1
    assert np.array_equal(labels_of(ghosts, second), before)
    assert list(ghosts._carried._kept) == [(first, second)]
    assert settled(ghosts).gained.keys() == {second, third, frame_ids(project)[3]}
    assert list(ghosts._carried._kept) == [(first, second)]  # a pass over all drives nothing out


def test_closing_ends_the_thread_and_leaves_the_last_result(project):
    make_scene(project)
    made = Ghosts(project)
    assert not made.summary(patience=10.0).stale
    made.close()
    draw(project, stroke(frame_ids(project)[0], 1, (42, 21), (50, 21)))
    assert made.summary(patience=0.01).stale
    assert "ghosts" not in {thread.name for thread in threading.enumerate()}
