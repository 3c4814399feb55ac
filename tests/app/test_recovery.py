"""kill -9 of the worker: the round goes on, nothing that was announced is lost or half."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from app import jobs, rounds
from app.rounds import Round
from app.schema import RunState
from app.workspace import Workspace
from tests import processes
from tests.app import samples
from tests.app.running import ended, fake_round, predicted, run_of

KILLS = 20


@pytest.fixture
def labelled(project: Workspace) -> Workspace:
    samples.label_all(project, frames=2)
    return project


def after_the_kill(workspace: Workspace, one: Round, *, announced: set[int]) -> RunState:
    """Check what a dead worker leaves behind, and return how its run is named."""
    processes.eventually(lambda: not processes.working_on(workspace.root), seconds=5.0)
    assert predicted(workspace, one.number) >= announced
    jobs.name_interrupted(workspace)
    state = run_of(workspace, one.run.run_id).state
    assert state in {RunState.QUEUED, RunState.INTERRUPTED, RunState.DONE}
    return state


@pytest.mark.slow
def test_a_round_goes_on_after_the_worker_is_killed_at_any_moment(labelled: Workspace) -> None:
    moments = random.Random(20261123)
    states: Counter[RunState] = Counter()
    done: list[Round] = []
    for number in range(KILLS):
        with processes.started(processes.FAKE_WORKER, labelled.root) as worker:
            for before in done[-1:]:  # the last one's, which this worker takes up
                assert ended_well(labelled, before) <= 2
            one = fake_round(labelled, seconds=0.1)
            if number % 2:  # half of the moments lie in the work itself
                processes.eventually(lambda one=one: run_of(labelled, one.run.run_id).attempt)
            time.sleep(moments.uniform(0, 1.0))
            announced = predicted(labelled, one.number)
            processes.kill(worker)
        states[after_the_kill(labelled, one, announced=announced)] += 1
        done.append(one)
    with processes.started(processes.FAKE_WORKER, labelled.root):
        ended_well(labelled, done[-1])
    assert states[RunState.INTERRUPTED] >= KILLS // 4, states


def ended_well(workspace: Workspace, one: Round, *, seconds: float = 30.0) -> int:
    """Wait until a round is done with every frame predicted; return the number of attempts."""
    processes.eventually(
        lambda: run_of(workspace, one.run.run_id).state is RunState.DONE, seconds=seconds
    )
    assert predicted(workspace, one.number) == set(samples.frame_ids(workspace))
    return run_of(workspace, one.run.run_id).attempt


def test_a_living_worker_takes_up_the_run_of_a_killed_one(labelled: Workspace) -> None:
    with processes.started(processes.FAKE_WORKER, labelled.root) as first:
        one = fake_round(labelled, at=2, wrong="hang")
        processes.eventually(lambda: len(predicted(labelled, one.number)) == 2)
        with processes.started(processes.FAKE_WORKER, labelled.root) as second:
            other = fake_round(labelled)
            assert ended(labelled, other.run.run_id).state is RunState.DONE
            processes.kill(first)
            killed = time.monotonic()
            assert ended_well(labelled, one) == 2
            assert time.monotonic() - killed < 10
            assert processes.stop(second) == ""


@pytest.mark.slow
def test_a_quick_round_goes_on_after_a_kill(labelled: Workspace) -> None:
    number = jobs.start_round(labelled, overrides={"steps": "20", "scale": "1.0"})
    with labelled.read() as conn:
        one = rounds.get_round(conn, number)
    with processes.started(processes.REAL_WORKER, labelled.root) as worker:
        processes.eventually(lambda: predicted(labelled, number), seconds=90.0)
        announced = predicted(labelled, number)
        processes.kill(worker)
    after_the_kill(labelled, one, announced=announced)
    with processes.started(processes.REAL_WORKER, labelled.root):
        assert ended_well(labelled, one, seconds=90.0) <= 2
