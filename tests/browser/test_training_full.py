"""A full round from the page: a scene, real networks in a real child, curves as they grow."""

from __future__ import annotations

import pytest

from app.workspace import Workspace
from tests import processes
from tests.app.viewer import worlds
from tests.browser.tab import Tab

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SMALL = {
    "steps": "6",
    "labels": "strokes",
    "points": "300",
    "grid": "0.5",
    "crop_height": "48",
    "crop_width": "64",
    "scale": "1.0",
    "hidden": "8",
    "cmc_start": "0.2",
    "tau": "0.5",
    "minutes": "0",
    "temporal": "yes",
}


def test_a_full_round_learns_in_2d_and_3d_and_is_shown(tab: Tab, workspace: Workspace) -> None:
    worlds.give_scene(workspace)
    tab.press("1").draw((20, 20), (300, 20)).draw((20, 60), (300, 60))
    tab.press("2").draw((20, 190), (300, 190)).draw((20, 220), (300, 220)).idle()
    with processes.started(processes.REAL_WORKER, workspace.root):
        tab.until("s.worker && s.activeScene === 1", seconds=30)
        tab.page.evaluate(
            "(settings) => import('/static/rounddata.js').then((m) =>"
            " m.startRound('cpu', { settings, useIfBetter: true }))",
            SMALL,
        )
        tab.find("#tab-rounds").click()
        tab.until("s.rounds[0].stage === 'learning'", seconds=60)
        tab.page.wait_for_function(
            "document.querySelectorAll('.curve-grid.pairs .chart-line').length === 9",
            timeout=60_000,
        )
        tab.until("s.rounds[0].state === 'done'", seconds=60)
    tab.until("s.activeRound === 1 && s.frames.every((frame) => frame.predicted === 1)")
    assert tab.state("rounds[0].scores.pixels") > 0
    tab.find("#tab-annotate").click()
    tab.idle()
    assert tab.ink((160, 20), layer="overlay") == (70, 130, 180, 255)
    assert tab.ink((160, 220), layer="overlay") == (128, 64, 128, 255)
