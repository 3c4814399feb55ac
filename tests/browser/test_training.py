"""The whole loop: strokes, a quick round by the real worker and child, the overlay."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from app import slots
from app.supervisor import Supervisor
from app.workspace import Workspace
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser


@pytest.fixture
def worker(workspace: Workspace) -> Iterator[None]:
    """A worker beside the studio, as `annotate` starts one."""
    supervisor = Supervisor([sys.executable, "-P", "-m", "app", "worker", str(workspace.root)])
    supervisor.start()
    yield
    supervisor.stop()


def test_a_worker_that_comes_and_goes_shows(tab: Tab, workspace: Workspace) -> None:
    tab.press("1").draw((20, 20), (300, 20)).idle()
    reason = tab.find(".train-reason")
    assert "No worker is running" in reason.inner_text()
    with slots.hold(workspace):
        tab.until("s.worker", seconds=5)
        assert "No worker is running" not in reason.inner_text()
    tab.until("!s.worker", seconds=5)
    assert "No worker is running" in reason.inner_text()


def test_a_quick_round_is_started_shown_and_the_next_one_cancelled(worker: None, tab: Tab) -> None:
    tab.press("1").draw((20, 20), (300, 20)).draw((20, 60), (300, 60))
    tab.press("2").draw((20, 190), (300, 190)).draw((20, 220), (300, 220))
    tab.press("3").draw((50, 100), (75, 100)).draw((50, 140), (75, 140)).idle()
    tab.until("s.worker", seconds=30)
    tab.find(".train .primary").click()
    tab.until("s.rounds[0]?.state === 'running'", seconds=30)
    tab.draw((120, 200), (200, 200)).idle()  # drawing goes on meanwhile
    tab.until("s.rounds[0].state === 'done'", seconds=120)
    tab.until("s.frames.every((frame) => frame.predicted === 1)")
    tab.idle()
    assert tab.ink((160, 40), layer="overlay") == (70, 130, 180, 255)
    assert tab.ink((250, 205), layer="overlay") == (128, 64, 128, 255)
    assert "1 stroke behind" in tab.find(".round-chip").inner_text()
    tab.press("t")
    tab.until("s.rounds[0]?.number === 2 && s.rounds[0].state === 'running'", seconds=30)
    tab.find(".train .button").filter(has_text="Cancel").click()
    tab.until("s.rounds[0].state === 'cancelled'", seconds=20)
    assert tab.state("activeRound") == 1
