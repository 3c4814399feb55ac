from __future__ import annotations

import os
import queue
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.errors import StudioError
from app.viewer.messages import Appearance
from app.web.viewing import Viewing

COMMAND = (sys.executable, "-m", "tests.app.fake_viewer")
Notices = queue.SimpleQueue[tuple[str, str, dict[str, Any]]]


@pytest.fixture
def notices() -> Notices:
    return queue.SimpleQueue()


@pytest.fixture
def viewing(tmp_path: Path, notices: Notices) -> Iterator[Viewing]:
    def tell(client: str, kind: str, payload: dict[str, Any]) -> None:
        notices.put((client, kind, payload))

    viewing = Viewing(tmp_path, tell, command=COMMAND, first_pause=0.05)
    yield viewing
    viewing.stop()
    assert viewing.pid is None


def wait_for(notices: Notices, client: str, state: str) -> dict[str, Any]:
    while True:
        who, kind, payload = notices.get(timeout=20)
        if (who, kind, payload.get("state")) == (client, "viewer", state):
            return payload


def test_nothing_runs_until_a_tab_looks(viewing: Viewing):
    assert viewing.pid is None
    assert viewing.status("one") == {"state": "closed", "line": ""}
    assert viewing.door("one") is None


def test_a_tab_hears_when_its_scene_is_there(viewing: Viewing, notices: Notices):
    assert viewing.open("one", 3, Appearance())["state"] == "starting"
    shown = wait_for(notices, "one", "ready")
    assert (shown["pieces"], shown["registered"], shown["points"]) == ((3,), True, viewing.pid)
    door = viewing.door("one")
    assert door is not None
    assert (door.port, door.key, door.generation) == (1, "key", shown["generation"])


def test_tabs_share_the_process(viewing: Viewing, notices: Notices):
    viewing.open("one", 3, Appearance())
    first = wait_for(notices, "one", "ready")
    viewing.open("two", 3, Appearance())
    assert wait_for(notices, "two", "ready")["points"] == first["points"]


def test_a_click_is_told_to_its_own_tab(viewing: Viewing, notices: Notices):
    viewing.open("one", 3, Appearance())
    viewing.open("two", 3, Appearance())
    wait_for(notices, "two", "ready")
    viewing.show("two", frame=5)
    while (notice := notices.get(timeout=20))[1] != "look":
        pass
    assert notice == ("two", "look", {"frame": 5, "xy": (1.5, 2.5)})


def test_a_look_reaches_the_scene(viewing: Viewing, notices: Notices):
    viewing.open("one", 3, Appearance())
    wait_for(notices, "one", "ready")
    viewing.look("one", Appearance(hidden=(1, 2)))
    assert wait_for(notices, "one", "ready")["points"] == 2


@pytest.mark.parametrize("how", ["exit", "kill"])
def test_a_process_that_dies_is_started_anew_as_the_tabs_were(
    viewing: Viewing, notices: Notices, how: str
):
    viewing.open("one", 3, Appearance())
    first = wait_for(notices, "one", "ready")
    assert viewing.pid is not None
    if how == "exit":
        viewing.show("one", piece=666)
    else:
        os.kill(viewing.pid, signal.SIGKILL)
    away = wait_for(notices, "one", "starting")
    assert "starts anew" in away["line"]
    again = wait_for(notices, "one", "ready")
    assert again["points"] != first["points"]
    assert again["generation"] == first["generation"] + 1
    assert again["registered"]


def test_a_process_that_dies_when_nobody_looks_is_left_dead(viewing: Viewing, notices: Notices):
    viewing.open("one", 3, Appearance())
    wait_for(notices, "one", "ready")
    pid = viewing.pid
    assert pid is not None
    viewing.close("one")
    os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while viewing.pid is not None and time.monotonic() < until:
        time.sleep(0.02)
    assert viewing.pid is None
    viewing.open("one", 3, Appearance())
    assert wait_for(notices, "one", "ready")["points"] not in (None, pid)


def test_a_tab_that_is_gone_is_forgotten_unless_it_comes_back(viewing: Viewing, notices: Notices):
    viewing.open("one", 3, Appearance())
    wait_for(notices, "one", "ready")
    viewing.joined("one")
    viewing.left("one")
    viewing.joined("one")  # reloaded
    viewing.forget("one")
    assert viewing.door("one") is not None
    viewing.left("one")
    viewing.forget("one")
    assert viewing.status("one")["state"] == "closed"


def test_a_tab_that_never_looked_has_nothing_to_show(viewing: Viewing):
    with pytest.raises(StudioError, match="does not look"):
        viewing.show("one", frame=1)
    with pytest.raises(StudioError, match="does not look"):
        viewing.look("one", Appearance())


def test_after_the_end_nothing_is_started(viewing: Viewing):
    viewing.stop()
    viewing.open("one", 3, Appearance())
    assert viewing.pid is None
