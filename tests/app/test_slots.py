"""Slots: one holder at a time, free the moment it dies."""

from __future__ import annotations

import fcntl
import sys

import pytest

from app import slots
from app.errors import StudioError
from app.workspace import Workspace
from tests import processes

CODE = """
import pathlib, sys, time
from app import slots, workspace
with workspace.open_workspace(pathlib.Path(sys.argv[1])) as opened, slots.hold(opened, "gpu"):
    time.sleep(600)
"""
HOLD = (sys.executable, "-P", "-c", CODE)


def test_a_slot_has_one_holder(project: Workspace) -> None:
    with slots.hold(project, "gpu") as slot:
        assert slots.holders(project) == {slot.holder}
        with (
            pytest.raises(StudioError, match="slot 'gpu' of this project is held by another"),
            slots.hold(project, "gpu"),
        ):
            pass
    assert slots.holders(project) == set()


def test_who_holds_a_slot_for_one_run_is_alive_and_no_worker(project: Workspace) -> None:
    with slots.hold(project, once=True) as once:
        assert (slots.holders(project), slots.workers(project)) == ({once.holder}, set())
        with slots.hold(project) as worker:
            assert slots.holders(project) == {once.holder, worker.holder}
            assert slots.workers(project) == {worker.holder}


def test_without_a_name_the_first_free_slot_is_taken(project: Workspace) -> None:
    with slots.hold(project) as first, slots.hold(project) as second:
        assert (first.name, second.name) == ("1", "2")
        assert slots.holders(project) == {first.holder, second.holder}
    with slots.hold(project) as again:
        assert again.name == "1"
        assert again.holder != first.holder


@pytest.mark.parametrize("name", ["../x", "a b", "a/b", "."])
def test_a_slot_name_is_no_path(project: Workspace, name: str) -> None:
    with pytest.raises(StudioError, match="use letters"), slots.hold(project, name):
        pass


def test_a_killed_holder_lets_go(project: Workspace) -> None:
    with processes.started(HOLD, project.root) as process:
        holder = processes.eventually(lambda: slots.holders(project))
        processes.kill(process)
        assert slots.holders(project) == set()
    with slots.hold(project, "gpu") as slot:
        assert slot.holder not in holder


def test_the_studio_is_seen_by_its_lock(project: Workspace) -> None:
    assert not slots.studio_runs(project)
    file = project.root / "locks" / slots.STUDIO_LOCK
    file.parent.mkdir(exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert slots.studio_runs(project)
    assert not slots.studio_runs(project)
