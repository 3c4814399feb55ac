"""Rounds that learn in 3D: with which scene, how they wait for it, and what goes before them."""

from __future__ import annotations

import pytest

from app import bridge, jobs, rounds, runs, scenes
from app.errors import StudioError
from app.rounds import Round
from app.schema import RunState
from app.workspace import Workspace
from tests import processes
from tests.app import samples, scenery
from tests.app.running import ended, fake_round, predicted


@pytest.fixture
def labelled(project: Workspace) -> Workspace:
    samples.label_all(project)
    return project


def start(workspace: Workspace, **settings: str) -> Round:
    number = jobs.start_round(workspace, preset="cpu", overrides=settings)
    with workspace.read() as conn:
        return rounds.get_round(conn, number)


def waiting(workspace: Workspace) -> list[str]:
    with workspace.read() as conn:
        return jobs.waiting(conn)


def awaited(workspace: Workspace, round_: Round) -> int | None:
    with workspace.read() as conn:
        scene = jobs.scene_awaited(conn, round_.run.run_id)
    return scene and scene.number


def scene_run(workspace: Workspace, number: int = 1) -> str:
    with workspace.read() as conn:
        return scenes.get_scene(conn, number).run.run_id


def test_without_a_scene_one_is_queued_and_the_round_waits(labelled: Workspace) -> None:
    one = start(labelled)
    assert (one.scene, one.preset, one.config["minutes"]) == (1, "cpu", 7.0)
    assert (waiting(labelled), awaited(labelled, one)) == ([scene_run(labelled)], 1)
    another = start(labelled, minutes="2")  # the scene under way is everybody's
    assert (another.scene, another.config["minutes"]) == (1, 2.0)


def test_the_scene_in_use_is_trained_with(labelled: Workspace) -> None:
    for _ in range(2):
        scenery.make_scene(labelled)
    with labelled.write() as conn:
        scenes.activate(conn, 1)
    one = start(labelled)
    assert (one.scene, awaited(labelled, one)) == (1, None)
    assert waiting(labelled) == [one.run.run_id]


def test_in_2d_alone_nothing_is_waited_for(labelled: Workspace) -> None:
    one = start(labelled, branches="2d")
    assert (one.scene, waiting(labelled)) == (None, [one.run.run_id])


def test_a_scene_that_is_interrupted_goes_on_first(labelled: Workspace) -> None:
    one = start(labelled)
    for _ in range(jobs.MOST_ATTEMPTS):
        assert waiting(labelled) == [scene_run(labelled)]
        assert jobs.claim(labelled, scene_run(labelled), slot="1.dead") is not None
        jobs.name_interrupted(labelled)
    assert waiting(labelled) == [one.run.run_id]  # to say that it can't begin


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_a_scene_that_was_given_up_is_said_with_what_to_do(labelled: Workspace, end: str) -> None:
    one = start(labelled)
    if end == "cancelled":
        jobs.request_cancel(labelled, scene_run(labelled))
    else:
        claim = jobs.claim(labelled, scene_run(labelled), slot="1.x")
        assert claim is not None
        with labelled.write() as conn:
            runs.fail(conn, claim, error="no memory")
    assert (awaited(labelled, one), waiting(labelled)) == (None, [one.run.run_id])
    line = f"^it trains with scene 1, which is {end}: resume the scene and then the round"
    with pytest.raises(StudioError, match=line):
        bridge.write_training_job(labelled, 1)
    jobs.resume(labelled, scene_run(labelled))
    assert awaited(labelled, one) == 1


def test_a_cancelled_round_waits_for_nothing(labelled: Workspace) -> None:
    one = start(labelled)
    jobs.request_cancel(labelled, one.run.run_id)
    assert awaited(labelled, one) is None


def test_what_takes_minutes_keeps_nobody_waiting(labelled: Workspace) -> None:
    start(labelled, branches="2d")
    jobs.start_reconstruct(labelled)
    with labelled.read() as conn:
        assert not jobs.somebody_waits(conn, seconds=0.0)
    fake_round(labelled)
    with labelled.read() as conn:
        assert jobs.somebody_waits(conn, seconds=0.0)
        assert not jobs.somebody_waits(conn, seconds=60.0)


def test_a_full_round_makes_way_for_a_quick_one_and_goes_on_afterwards(
    labelled: Workspace,
) -> None:
    full = fake_round(labelled, kind="method", at=2, wrong="hang")
    with processes.started(processes.FAKE_WORKER, labelled.root):
        processes.eventually(lambda: len(predicted(labelled, full.number)) == 2)
        quick = fake_round(labelled)
        assert ended(labelled, quick.run.run_id).state is RunState.DONE
        run = ended(labelled, full.run.run_id)
    assert (run.state, run.attempt) == (RunState.DONE, 1)  # giving way is no failed attempt
    assert len(predicted(labelled, full.number)) == samples.FRAMES
