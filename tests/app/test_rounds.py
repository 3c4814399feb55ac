from __future__ import annotations

import pytest

from annotations import classes, store
from annotations.types import ERASER, AnnotationError
from app import events, rounds, runs
from app.errors import RunLostError, StudioError
from app.rounds import Round
from app.runs import Claim
from app.schema import RunKind, RunState
from app.schema import rounds as round_rows
from app.workspace import Workspace
from rewis3d.reports import Published, Scores
from tests.app import samples
from tests.app.samples import draw, frame_ids, label_all, stroke


def _create(workspace: Workspace, *, current_frame: int | None = None) -> Round:
    with workspace.write() as conn:
        return rounds.create(
            conn, preset="quick", config={"steps": 5}, seed=3, current_frame=current_frame
        )


def _claim(workspace: Workspace, round_: Round) -> Claim:
    with workspace.write() as conn:
        claim = runs.claim(conn, round_.run.run_id, slot="a")
    assert claim is not None
    return claim


def _publish(workspace: Workspace, claim: Claim, *frames: int) -> None:
    with workspace.write() as conn:
        rounds.publish(conn, claim, [_published(frame_id) for frame_id in frames])


def _published(frame_id: int) -> Published:
    folder = "predictions"
    return Published(frame_id, f"{folder}/{frame_id}.labels.png", f"{folder}/{frame_id}.conf.png")


def _active(workspace: Workspace) -> int | None:
    with workspace.read() as conn:
        return rounds.active_round(conn)


def _get(workspace: Workspace, number: int) -> Round:
    with workspace.read() as conn:
        return rounds.get_round(conn, number)


def test_a_round_freezes_labels_classes_and_settings(project):
    label_all(project)
    first_frame = frame_ids(project)[0]
    created = _create(project, current_frame=first_frame)
    assert (created.number, created.parent, created.preset) == (1, None, "quick")
    assert (created.config, created.seed, created.folder) == ({"steps": 5}, 3, "rounds/0001")
    assert created.run.state is RunState.QUEUED
    assert created.run.request == {
        "round": 1,
        "current_frame": first_frame,
        "scene": None,
        "use_if_better": False,
    }
    with project.write() as conn:
        assert created.label_revision == store.current_revision(conn)
        classes.rename_class(conn, 0, "road", author="ann")
        classes.delete_class(conn, 2, author="ann")
    assert _get(project, 1).class_map == samples.CLASSES
    with project.read() as conn:
        assert events.after(conn, 0)[-1].payload["round"] == 1


def test_rounds_are_numbered_and_listed_newest_first(project):
    label_all(project)
    assert [_create(project).number for _ in range(3)] == [1, 2, 3]
    with project.read() as conn:
        assert [each.number for each in rounds.list_rounds(conn)] == [3, 2, 1]
        with pytest.raises(StudioError, match=r"^there is no round 4$"):
            rounds.get_round(conn, 4)


def test_nothing_labelled_is_refused_in_one_line(project):
    with pytest.raises(StudioError, match=r"^nothing is labelled yet: draw strokes of two classes"):
        _create(project)
    draw(project, stroke(frame_ids(project)[0], ERASER, (4.0, 4.0)))
    with pytest.raises(StudioError, match=r"^nothing is labelled yet"):
        _create(project)
    with project.read() as conn:
        assert rounds.list_rounds(conn) == []
        assert runs.list_runs(conn) == []


def test_one_class_is_refused_by_its_name(project):
    draw(project, stroke(frame_ids(project)[1], 1, (4.0, 4.0), (9.0, 9.0)))
    with pytest.raises(StudioError, match=r"^only 'thing' is labelled: draw strokes of a second"):
        _create(project)


def test_strokes_of_reserved_frames_do_not_count(project):
    first, second = frame_ids(project)[:2]
    draw(project, stroke(first, 1, (4.0, 4.0)), stroke(second, 0, (4.0, 4.0)))
    with project.write() as conn:
        store.set_reserved(conn, [second])
    with pytest.raises(StudioError, match=r"^only 'thing' is labelled"):
        _create(project)


def test_an_unknown_open_frame_is_refused(project):
    label_all(project)
    with pytest.raises(AnnotationError, match="there is no frame 99"):
        _create(project, current_frame=99)


def test_the_first_round_is_shown_from_its_first_prediction_on(project):
    label_all(project)
    first_frame, second_frame = frame_ids(project)[:2]
    round_ = _create(project)
    claim = _claim(project, round_)
    _publish(project, claim)
    assert _active(project) is None
    assert _get(project, 1).first_prediction_at is None
    _publish(project, claim, first_frame)
    assert _active(project) == 1
    seen = _get(project, 1)
    assert seen.predicted == 1
    assert seen.seconds_to_first is not None
    assert seen.seconds is None
    with project.read() as conn:
        found = events.after(conn, 0)[-2:]
        files = rounds.predictions_of(conn, 1)
    assert [(e.kind, e.payload) for e in found] == [
        ("prediction", {"round": 1, "frame": first_frame}),
        ("active", {"round": 1}),
    ]
    folder = "rounds/0001/predictions"
    assert files[first_frame].labels_file == f"{folder}/{first_frame}.labels.png"
    assert files[first_frame].confidence_file == f"{folder}/{first_frame}.conf.png"
    _publish(project, claim, second_frame)
    _publish(project, claim, first_frame)  # again, after the refit on all strokes
    assert _get(project, 1).predicted == 2
    assert _get(project, 1).first_prediction_at == seen.first_prediction_at


def _finish(workspace: Workspace, claim: Claim) -> None:
    with workspace.write() as conn:
        runs.finish(conn, claim, result={})


def test_a_later_round_is_offered_and_shown_only_when_asked(project):
    label_all(project)
    frame_id = frame_ids(project)[0]
    first = _claim(project, _create(project))
    _publish(project, first, frame_id)
    _finish(project, first)
    later = _create(project)
    assert later.parent == 1
    second = _claim(project, later)
    _publish(project, second, frame_id)
    with project.write() as conn, pytest.raises(StudioError, match="2 can't be activated: it is r"):
        rounds.activate(conn, 2)
    _finish(project, second)
    assert _active(project) == 1
    with project.write() as conn:
        rounds.activate(conn, 2)
    assert _active(project) == 2
    with project.read() as conn:
        assert events.after(conn, 0)[-1].payload == {"round": 2}


@pytest.mark.parametrize("end", ["cancel", "fail"])
def test_a_first_round_that_was_given_up_makes_way_for_the_next(project, end):
    label_all(project)
    frame_id = frame_ids(project)[0]
    first = _claim(project, _create(project))
    _publish(project, first, frame_id)
    with project.write() as conn:
        if end == "cancel":
            runs.cancel(conn, first)
        else:
            runs.fail(conn, first, error="out of memory")
    assert _active(project) == 1  # what it has predicted stays in sight until there is better
    second = _claim(project, _create(project))
    assert _active(project) == 1
    _publish(project, second, frame_id)
    assert _active(project) == 2


def test_an_attempt_that_lost_its_round_publishes_nothing(project):
    label_all(project)
    round_ = _create(project)
    lost = _claim(project, round_)
    _claim(project, round_)
    with pytest.raises(RunLostError):
        _publish(project, lost, frame_ids(project)[0])
    with pytest.raises(RunLostError), project.write() as conn:
        rounds.record_scores(conn, lost, Scores(0.5, 0.5, {}, 10))
    assert _get(project, 1).predicted == 0
    assert _get(project, 1).scores is None
    assert _active(project) is None


def test_a_later_run_predicts_for_a_round(project):
    label_all(project)
    first, second = frame_ids(project)[:2]
    claim = _claim(project, _create(project))
    _publish(project, claim, first)
    _finish(project, claim)
    with project.write() as conn:
        run_id = runs.create(conn, RunKind.PREDICT, request={"round": 1, "frames": [second]})
        predicting = runs.claim(conn, run_id, slot="a")
        assert predicting is not None
    _publish(project, predicting, second)
    with project.read() as conn:
        assert set(rounds.predictions_of(conn, 1)) == {first, second}


def test_scores_stay_with_the_round(project):
    label_all(project)
    claim = _claim(project, _create(project))
    with project.write() as conn:
        rounds.record_scores(conn, claim, Scores(0.5, 0.75, {"sky": 0.5, "thing": None}, 40))
    _finish(project, claim)
    done = _get(project, 1)
    assert done.scores == {
        "miou": 0.5,
        "accuracy": 0.75,
        "iou": {"sky": 0.5, "thing": None},
        "pixels": 40,
        "rival": None,
        "no_rival": None,
        "strokes": None,
        "around": None,
        "alone": None,
        "fused": None,
    }
    assert done.seconds is not None
    assert done.seconds >= 0


def test_strokes_behind_counts_what_differs_from_the_frozen_labels(project):
    label_all(project)
    frame_id = frame_ids(project)[0]
    kept = stroke(frame_id, 1, (4.0, 4.0))
    draw(project, kept)
    _create(project)
    assert _get(project, 1).strokes_behind == 0
    new = [stroke(frame_id, 1, (x, 9.0)) for x in (5.0, 9.0, 13.0)]
    draw(project, *new)
    assert _get(project, 1).strokes_behind == 3
    with project.write() as conn:
        store.undo(conn, author="ann", client="tab")
    assert _get(project, 1).strokes_behind == 2
    with project.write() as conn:
        store.remove_strokes(conn, [kept.uuid], author="ann", client="tab")
    assert _get(project, 1).strokes_behind == 3
    with project.write() as conn:
        store.undo(conn, author="ann", client="tab")
    assert _get(project, 1).strokes_behind == 2


def test_each_round_of_the_list_is_behind_by_its_own_count(project):
    label_all(project)
    frame_id = frame_ids(project)[0]
    for place in range(3):
        _create(project)
        draw(project, stroke(frame_id, 1, (5.0 + 4 * place, 9.0)))
    with project.write() as conn:
        store.undo(conn, author="ann", client="tab")
    with project.read() as conn:
        behind = {each.number: each.strokes_behind for each in rounds.list_rounds(conn)}
    assert behind == {3: 0, 2: 1, 1: 2}


def test_a_comparison_of_an_earlier_version_counts_for_nothing(project):
    """There the other round had learnt what judged, and no pixels were told."""
    label_all(project)
    claim = _claim(project, _create(project))
    before = {
        "miou": 0.5,
        "accuracy": 0.75,
        "iou": {"sky": 0.5},
        "pixels": 40,
        "rival": {"round": 1, "miou": 0.99, "own": 0.5, "classes": 2},
    }
    with project.write() as conn:
        mine = round_rows.update().where(round_rows.c.run_id == claim.run_id)
        conn.execute(mine.values(scores=before))
    found = _get(project, 1).scores
    assert found is not None
    assert (found["miou"], found["rival"], found["fused"]) == (0.5, None, None)
