"""Starting, cancelling, resuming: what waits, what can't, and who may take it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from app import jobs, rounds, runs, scenes, slots
from app.errors import StudioError
from app.runs import Claim
from app.schema import RunState
from app.workspace import Workspace
from rewis3d.reports import Published
from rewis3d.types import Rewis3dError
from tests.app import samples
from tests.app.running import fake_round, run_of


@pytest.fixture
def labelled(project: Workspace) -> Workspace:
    samples.label_all(project)
    return project


def waiting(workspace: Workspace) -> list[str]:
    with workspace.read() as conn:
        return jobs.waiting(conn)


def claim(workspace: Workspace, run_id: str, slot: str = "1.dead") -> Claim:
    found = jobs.claim(workspace, run_id, slot=slot)
    assert found is not None
    return found


def test_a_round_is_frozen_and_waits(labelled: Workspace) -> None:
    started = time.perf_counter()
    number = jobs.start_round(labelled, overrides={}, seed=3)
    assert time.perf_counter() - started < 1.0
    with labelled.read() as conn:
        found = rounds.get_round(conn, number)
    assert (found.preset, found.seed, found.run.state) == ("quick", 3, RunState.QUEUED)
    assert found.config
    assert waiting(labelled) == [found.run.run_id]


def test_an_unknown_setting_starts_nothing(labelled: Workspace) -> None:
    with pytest.raises(ValueError, match="no-such-setting"):
        jobs.start_round(labelled, overrides={"no-such-setting": "1"})
    assert waiting(labelled) == []


def test_the_oldest_waits_first(labelled: Workspace) -> None:
    ids = [fake_round(labelled).run.run_id for _ in range(3)]
    assert waiting(labelled) == ids


def test_only_missing_frames_are_predicted(labelled: Workspace) -> None:
    one = fake_round(labelled)
    frames = samples.frame_ids(labelled)
    held = claim(labelled, one.run.run_id)
    published = [Published(frame, f"{frame}.png", f"{frame}.c.png") for frame in frames[:3]]
    with labelled.write() as conn:
        rounds.publish(conn, held, published)
        runs.finish(conn, held, result={})
    run_id = jobs.start_predict(labelled)
    assert run_id is not None
    assert run_of(labelled, run_id).request == {"round": one.number, "frames": frames[3:]}
    with labelled.write() as conn:
        later = runs.claim(conn, run_id, slot="1.dead")
        assert later is not None
        rounds.publish(conn, later, [Published(frames[3], "d.png", "d.c.png")])
    assert jobs.start_predict(labelled, round_number=one.number) is None


def test_a_round_is_predicted_by_one_run_at_a_time(labelled: Workspace) -> None:
    one = fake_round(labelled)
    with pytest.raises(StudioError, match=r"^round 1 is queued and writes its predictions; wait"):
        jobs.start_predict(labelled, round_number=1)
    with slots.hold(labelled) as slot:
        held = claim(labelled, one.run.run_id, slot.holder)
        with pytest.raises(StudioError, match=r"^round 1 is running and writes its predictions"):
            jobs.start_predict(labelled, round_number=1)
        with labelled.write() as conn:
            runs.fail(conn, held, error="no memory")
    run_id = jobs.start_predict(labelled, round_number=1)
    assert run_id is not None
    assert jobs.start_predict(labelled, round_number=1) == run_id  # the same one, joined
    with pytest.raises(StudioError, match=r"^a prediction of round 1 is queued and writes its"):
        jobs.resume(labelled, one.run.run_id)
    assert waiting(labelled) == [run_id]
    jobs.request_cancel(labelled, run_id)
    jobs.resume(labelled, one.run.run_id)
    with pytest.raises(StudioError, match=r"^round 1 is queued"):
        jobs.resume(labelled, run_id)
    assert waiting(labelled) == [one.run.run_id]


def test_without_a_round_nothing_is_exported_or_predicted(labelled: Workspace) -> None:
    with pytest.raises(StudioError, match="there is no round yet"):
        jobs.start_export(labelled, format="onnx")
    with pytest.raises(StudioError, match="'flags' can't be exported; known: model"):
        jobs.start_export(labelled, what="flags", format="png")
    with pytest.raises(StudioError, match="there is no round 7"):
        jobs.start_export(labelled, what="labels", format="png", round_number=7)
    with pytest.raises(StudioError, match="there is no round 7"):
        jobs.start_predict(labelled, round_number=7)


def test_what_waits_is_cancelled_at_once(labelled: Workspace) -> None:
    run_id = fake_round(labelled).run.run_id
    jobs.request_cancel(labelled, run_id)
    assert run_of(labelled, run_id).state is RunState.CANCELLED
    assert waiting(labelled) == []
    jobs.resume(labelled, run_id)
    assert waiting(labelled) == [run_id]


def test_what_a_dead_worker_ran_is_cancelled_at_once(labelled: Workspace) -> None:
    run_id = fake_round(labelled).run.run_id
    claim(labelled, run_id)
    jobs.request_cancel(labelled, run_id)
    assert run_of(labelled, run_id).state is RunState.CANCELLED


def test_a_living_worker_is_asked_to_cancel(labelled: Workspace) -> None:
    run_id = fake_round(labelled).run.run_id
    with slots.hold(labelled) as slot:
        held = claim(labelled, run_id, slot.holder)
        jobs.request_cancel(labelled, run_id)
        assert run_of(labelled, run_id).state is RunState.RUNNING
        with labelled.write() as conn:
            assert runs.heartbeat(conn, held)


def test_a_run_of_a_dead_worker_is_named_interrupted_and_waits(labelled: Workspace) -> None:
    run_id = fake_round(labelled).run.run_id
    claim(labelled, run_id)
    assert not jobs.worker_alive(labelled)
    assert jobs.name_interrupted(labelled) == [run_id]
    run = run_of(labelled, run_id)
    assert (run.state, run.error) == (RunState.INTERRUPTED, jobs.INTERRUPTED)
    assert waiting(labelled) == [run_id]
    assert jobs.name_interrupted(labelled) == []


def test_a_run_of_a_living_worker_is_left_alone(labelled: Workspace) -> None:
    run_id = fake_round(labelled).run.run_id
    with slots.hold(labelled) as slot:
        assert jobs.worker_alive(labelled)
        claim(labelled, run_id, slot.holder)
        assert jobs.name_interrupted(labelled) == []
        assert jobs.claim(labelled, run_id, slot="2.other") is None
        assert jobs.name_interrupted(labelled, idle=slot.holder) == [run_id]


def test_a_run_that_is_interrupted_again_and_again_waits_to_be_asked(labelled: Workspace) -> None:
    run_id = fake_round(labelled).run.run_id
    for _ in range(jobs.MOST_ATTEMPTS):
        assert waiting(labelled) == [run_id]
        claim(labelled, run_id)
        jobs.name_interrupted(labelled)
    assert waiting(labelled) == []
    jobs.resume(labelled, run_id)
    assert waiting(labelled) == [run_id]


def test_what_has_ended_is_neither_taken_nor_resumed(labelled: Workspace) -> None:
    run_id = fake_round(labelled).run.run_id
    held = claim(labelled, run_id)
    with labelled.write() as conn:
        runs.finish(conn, held, result={})
    assert jobs.claim(labelled, run_id, slot="1.x") is None
    with pytest.raises(StudioError, match="can't be resumed: it is done"):
        jobs.resume(labelled, run_id)
    with pytest.raises(StudioError, match="done already"):
        jobs.request_cancel(labelled, run_id)


def test_a_reconstruction_is_queued_with_its_settings(project: Workspace) -> None:
    number = jobs.start_reconstruct(project, backend="colmap", overrides={"focal": "512"})
    with project.read() as conn:
        row = scenes.get_scene(conn, number)
    assert (row.config["backend"], row.config["focal"]) == ("colmap", 512.0)
    assert waiting(project) == [row.run.run_id]
    with pytest.raises(StudioError, match=r"^scene 1 is queued: wait for it, or cancel it first$"):
        jobs.start_reconstruct(project)
    jobs.request_cancel(project, row.run.run_id)
    with pytest.raises(StudioError, match=r"^scene 1 is cancelled already$"):
        jobs.request_cancel(project, row.run.run_id)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"backend": "magic"}, "setting backend is 'magic'; it must be one of auto, mapanything"),
        ({"overrides": {"focals": "1"}}, "unknown setting 'focals'"),
        ({"backend": "given"}, "backend 'given' needs cameras: say with --given where they lie"),
        ({"backend": "colmap", "given": Path()}, "backend 'colmap' finds its own cameras"),
        ({"given": Path("gone.json")}, "gone.json does not exist"),
    ],
)
def test_a_reconstruction_that_makes_no_sense_is_refused(
    project: Workspace, options: dict[str, Any], named: str
) -> None:
    with pytest.raises((StudioError, Rewis3dError), match=named):
        jobs.start_reconstruct(project, **options)
    assert waiting(project) == []


def test_somebody_waits_for_a_round_but_nobody_for_a_scene(labelled: Workspace) -> None:
    jobs.start_reconstruct(labelled)
    with labelled.read() as conn:
        assert not jobs.somebody_waits(conn, seconds=0.0)
    fake_round(labelled)
    with labelled.read() as conn:
        assert jobs.somebody_waits(conn, seconds=0.0)
        assert not jobs.somebody_waits(conn, seconds=60.0)
    claim(labelled, waiting(labelled)[-1])
    with labelled.read() as conn:
        assert not jobs.somebody_waits(conn, seconds=0.0)
