"""The 3D card: a reconstruction asked for, followed, reported and resumed. Its work is made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from annotations import store
from app import jobs, runs, scenes, slots
from app.runs import Claim
from app.workspace import Workspace
from rewis3d.reconstruct import report
from rewis3d.reconstruct.report import FrameReport, SceneReport
from tests.app.viewer import worlds
from tests.browser import painted
from tests.browser.clip import FRAMES
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser
STILL = "the camera does not move here"


@contextmanager
def taken(workspace: Workspace, number: int) -> Iterator[Claim]:
    """Work on a scene that waits."""
    with slots.hold(workspace) as slot:  # the studio names a run as interrupted that nobody holds
        with workspace.write() as conn:
            row = scenes.get_scene(conn, number)
            claim = runs.claim(conn, row.run.run_id, slot=slot.holder)
        assert claim is not None
        yield claim


def finish(workspace: Workspace, claim: Claim, *, number: int) -> None:
    """End a scene: two pieces, and no geometry for the last frame."""
    with workspace.read() as conn:
        frames = store.list_frames(conn)
        folder = scenes.folder(workspace, scenes.get_scene(conn, number))
    pieces = [worlds.geometry(part, width=32, height=24) for part in (frames[:3], frames[3:-1])]
    worlds.write(folder, pieces)
    rows = [
        FrameReport(frame.name, frame.frame_id, "colmap", int(place > 2), 0.9)
        for place, frame in enumerate(frames[:-1])
    ]
    flat = FrameReport(frames[-1].name, frames[-1].frame_id, reason=STILL)
    made = SceneReport(
        backend="colmap",
        total=FRAMES,
        registered=FRAMES - 1,
        pieces=2,
        coverage=0.75,
        reprojection_error_px=0.58,
        seconds=12.0,
        per_frame=(*rows, flat),
        units=("normalised", "metric"),
        cuts=(frames[3].name,),
        confidence_histogram=(0.0,) * 9 + (1.0,),
    )
    with workspace.write() as conn:
        scenes.finish(conn, claim, report.to_json(made))
        runs.finish(conn, claim, result={})


def card(tab: Tab) -> str:
    return tab.find(".scene-card").inner_text()


def test_a_scene_is_asked_for_followed_and_reported(tab: Tab, workspace: Workspace) -> None:
    tab.find(".scene-card .button").filter(has_text="Reconstruct in 3D").click()
    assert re.search(r"About [\d.]+ s for 6 frames", tab.find(".dialog").inner_text())
    tab.find(".dialog select").select_option("colmap")
    tab.find(".dialog summary").filter(has_text="Advanced").click()
    tab.find(".dialog input").fill("333.5")
    tab.find(".dialog footer .primary").click()
    tab.until("s.scenes[0]?.state === 'queued'")
    assert tab.state("scenes[0].config.focal") == 333.5
    with taken(workspace, 1) as claim:
        with workspace.write() as conn:
            runs.progress(conn, claim, stage="measuring depth", done=2, total=6, eta_seconds=8.0)
        tab.until("s.scenes[0].done === 2 && s.scenes[0].state === 'running'")
        assert "measuring depth" in card(tab)
        assert "2 of 6 · 8.0 s left" in card(tab)
        finish(workspace, claim, number=1)
    tab.until("s.activeScene === 1")
    tab.idle()
    assert "Depth in 5 of 6 frames, 75 % of pixels" in card(tab)
    flat = tab.find(".frame-row.flat")
    assert flat.count() == 1
    assert flat.locator(".badge-flat").get_attribute("title") == f"2D only: {STILL}"
    box = tab.find(".scene-strip").bounding_box()
    assert box is not None
    tab.page.mouse.click(box["x"] + box["width"] - 3, box["y"] + 15)  # the last frame's cell
    tab.until(f"s.frameIndex.get(s.shown) === {FRAMES - 1}")
    assert STILL in (tab.find(".scene-strip").get_attribute("title") or "")
    tab.find(".scene-figures").click()
    tab.find(".dialog dd").first.wait_for()
    told = tab.find(".dialog").inner_text()
    for words in ("5 of 6", "0.58 px", "piece 2 (metres) by colmap", "cut before frame3", "in use"):
        assert words in told
    tab.find(".scene-reason").click()
    tab.find(".dialog").wait_for(state="detached")


def test_who_makes_way_for_whom_is_said_and_fits(tab: Tab, workspace: Workspace) -> None:
    tab.press("1").draw((20, 30), (300, 30)).press("2").draw((20, 200), (300, 200)).idle()
    jobs.start_reconstruct(workspace)
    with painted.begun_round(workspace) as (_, claim):
        tab.until("s.rounds[0]?.state === 'running' && s.scenes[0]?.state === 'queued' && s.worker")
        assert "Starts after round 1: one thing at a time" in card(tab)
        inside = "(part) => part.scrollWidth <= part.clientWidth"
        assert tab.find(".scene-body").evaluate(inside)
        button = tab.find(".scene-work .button").bounding_box()
        body = tab.find(".scene-body").bounding_box()
        assert button is not None
        assert body is not None
        assert button["x"] + button["width"] <= body["x"] + body["width"]
        painted.finish_round(workspace, claim, miou=0.5)
    with taken(workspace, 1):
        tab.until("s.scenes[0].state === 'running' && s.rounds[0].state === 'done'")
        tab.press("t").until("s.rounds[0].state === 'queued'")
        words = "Starts in a moment: scene 1 makes way"
        tab.find(".train-eta").filter(has_text=words).wait_for()


def test_a_scene_that_fails_is_resumed_or_given_up_and_another_one_chosen(
    tab: Tab, workspace: Workspace
) -> None:
    for number in (1, 2):
        jobs.start_reconstruct(workspace)
        with taken(workspace, number) as claim:
            finish(workspace, claim, number=number)
    jobs.start_reconstruct(workspace)
    with taken(workspace, 3) as claim, workspace.write() as conn:
        runs.fail(conn, claim, error="no memory")
    tab.until("s.scenes[0]?.state === 'failed' && s.activeScene === 2")
    assert "Scene 3 failed: no memory" in card(tab)
    tab.find(".scene-card .button").filter(has_text="Resume").click()
    tab.until("s.scenes[0].state === 'queued' && !s.worker")
    assert "No worker is running" in card(tab)
    tab.find(".scene-work .button").click()
    tab.until("s.scenes[0].state === 'cancelled'")
    tab.find(".scene-figures").click()
    tab.find(".scene-history .button").filter(has_text="Use").click()
    tab.until("s.activeScene === 1")
    tab.press("Escape")
    assert "scene 1" in card(tab)
