"""Full rounds: asked for in words, waiting for a scene, followed by curves, used if better."""

from __future__ import annotations

import re

import pytest

from app import jobs, rounds, runs, scenes, slots
from app.workspace import Workspace
from rewis3d.reports import Point, Rival
from tests import processes
from tests.app.viewer import worlds
from tests.browser.painted import begun_round, finish_round, halves, publish, round_of
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser
TERMS = ("supervised", "consistency", "cross-modal", "sure")


@pytest.fixture
def drawn(tab: Tab) -> Tab:
    """A tab with strokes of two classes on the first frame."""
    tab.press("1").draw((20, 20), (300, 20)).draw((20, 50), (300, 50))
    return tab.press("2").draw((20, 190), (300, 190)).draw((20, 220), (300, 220)).idle()


def card(tab: Tab) -> str:
    return tab.find(".train").inner_text()


def until_card(tab: Tab, words: str) -> None:
    tab.page.wait_for_function(
        "(words) => document.querySelector('.train').innerText.includes(words)", arg=words
    )


def panel(tab: Tab, number: int) -> Tab:
    """Show a round in the Rounds tab."""
    tab.find("#tab-rounds").click()
    tab.find(f"[data-round='{number}']").click()
    tab.page.wait_for_function(
        "(title) => document.querySelector('.detail-panel h2').textContent === title",
        arg=f"Round {number}",
    )
    return tab


def action(tab: Tab, name: str):
    return tab.find(".detail-actions .button").filter(has_text=name)


def test_a_full_round_is_asked_for_and_waits_for_a_scene(drawn: Tab, workspace: Workspace) -> None:
    assert drawn.find(".train .button").filter(has_text="Full round").is_visible()
    with slots.hold(workspace) as slot:
        drawn.until("s.worker", seconds=5)
        drawn.press("Shift+T")
        dialog = drawn.find(".dialog")
        dialog.wait_for()
        kinds = dialog.locator(".kind").all_inner_texts()
        assert [kind.split("\n")[0] for kind in kinds] == [
            "On this processor",
            "On a GPU, while you wait",
            "On a GPU, as in the paper",
            "On a GPU, as the paper’s released code",
        ]
        for place, kind in enumerate(kinds):
            missing = dialog.locator(".kind input").nth(place).is_disabled()
            assert missing == ("Not here: " in kind)
        assert dialog.get_by_label("Use it if it does better").is_checked()
        minutes = dialog.get_by_label("Minutes of training", exact=True).last
        assert minutes.input_value() == "7"
        assert re.search(r"one is made first, in about [\d.]+ s", dialog.inner_text())
        assert "About 7 min for 6 frames" in dialog.inner_text()
        minutes.fill("2.5")
        assert "About 3 min for 6 frames" in dialog.inner_text()
        dialog.locator("footer .primary").click()
        drawn.until("s.rounds[0]?.waits_for_scene === 1 && s.scenes[0]?.number === 1")
        with workspace.read() as conn:
            one = rounds.get_round(conn, 1)
            scene = scenes.get_scene(conn, 1)
        assert (one.preset, one.scene, one.use_if_better) == ("cpu", 1, True)
        assert one.config["minutes"] == 2.5
        claim = jobs.claim(workspace, scene.run.run_id, slot=slot.holder)
        assert claim is not None
        with workspace.write() as conn:
            runs.progress(conn, claim, stage="measuring depth", done=2, total=5, eta_seconds=9.0)
        until_card(drawn, "Waits for scene 1: measuring depth, 40 % done")
        assert drawn.find(".train .primary").get_attribute("aria-disabled") is None  # quick ones go
        drawn.find("#tab-rounds").click()
        assert "40 % done" in drawn.find("[data-round='1']").inner_text()
        with workspace.write() as conn:
            runs.fail(conn, claim, error="no memory")
        drawn.until("s.rounds[0].waits_for_scene === null")
        claim = jobs.claim(workspace, one.run.run_id, slot=slot.holder)
        assert claim is not None
        with workspace.write() as conn:  # as a worker does that finds no scene
            runs.fail(conn, claim, error="it trains with scene 1, which is failed")
        drawn.until("s.rounds[0].state === 'failed'")
        drawn.find("#tab-annotate").click()
        until_card(
            drawn, "Round 1 failed: its scene 1 failed (no memory). Resume under Rounds goes"
        )
        action(panel(drawn, 1), "Resume").click()
        drawn.until("s.rounds[0].waits_for_scene === 1 && s.scenes[0].state === 'queued'")


def test_the_curves_of_both_branches_grow_side_by_side(drawn: Tab, workspace: Workspace) -> None:
    scene = worlds.give_scene(workspace)
    with begun_round(workspace, preset="cpu", scene=scene) as (number, claim):
        drawn.until("s.rounds.length === 1 && s.activeScene === 1")
        panel(drawn, number)
        figures = drawn.find(".curve-grid.pairs .chart-figure")
        drawn.page.wait_for_function("document.querySelectorAll('.chart-figure').length >= 8")
        before = figures.nth(5).bounding_box()
        captions = [text.split("\n")[0] for text in figures.all_inner_texts()]
        assert captions[:6:2] == ["Strokes (S)", "Own teacher (U)", "From 3D (CMC)"]
        assert captions[1:6:2] == ["Strokes (S)", "Own teacher (U)", "From 2D (CMC)"]
        assert drawn.find(".curve-heads").inner_text().split("\n") == ["2D, pixels", "3D, points"]
        assert "begins after 30 % of the steps" in drawn.find(".curves").inner_html()
        with workspace.write() as conn:
            runs.progress(conn, claim, stage="learning", done=3, total=60, eta_seconds=30.0)
            for step in (1, 2, 3):
                names = [f"{term}, {branch}" for term in TERMS for branch in ("2D", "3D")]
                runs.add_points(conn, claim, [Point(name, step, 0.5 / step) for name in names])
        drawn.page.wait_for_function("document.querySelectorAll('.chart-line').length === 8")
        drawn.page.wait_for_function(
            "[...document.querySelectorAll('.chart-line')].every((line) => "
            "line.getAttribute('d').match(/[ML]/g).length === 3)"
        )
        assert figures.nth(5).bounding_box() == before  # nothing jumps
        assert drawn.find(".progress-text").inner_text() == "Learning · 3 of 60 · 30 s left"
        values = figures.locator("b").all_inner_texts()
        assert values == ["0.167"] * 6 + ["17 %"] * 2
        assert "where the teacher is sure" in (figures.nth(6).get_attribute("title") or "")
        figures.nth(0).locator("svg").hover(position={"x": 38, "y": 50})
        assert figures.locator("b").first.inner_text() == "0.5 at 1"
        with workspace.write() as conn:
            runs.interrupt(conn, claim, error=jobs.INTERRUPTED)
        drawn.page.wait_for_function(
            "document.querySelector('.progress-text').textContent"
            " === 'interrupted: a worker goes on with it as soon as there is one'"
        )


def test_a_round_is_used_if_it_is_better(drawn: Tab, workspace: Workspace) -> None:
    round_of(workspace, halves(0, 1))
    drawn.until("s.activeRound === 1")
    for own, line in (
        (0.5, "Round 2: it did not do better: round 1 stayed. 50.0 % to 60.0 %"),
        (0.75, "Round 3: it did better than round 1 and is used. 75.0 % to 60.0 %"),
    ):
        with begun_round(workspace, preset="cpu", better=True) as (number, claim):
            drawn.until(f"s.rounds.length === {number}")
            publish(workspace, claim, number, halves(1, 0))
            finish_round(workspace, claim, miou=own, rival=Rival(1, 0.6, own, 4, 900))
        drawn.find(".toast-text").filter(has_text=line).wait_for()
        active = number if own > 0.6 else 1
        drawn.until(f"s.activeRound === {active} && s.rounds[0].state === 'done'")
        drawn.idle()
        sky = (70, 130, 180, 255)
        assert (drawn.ink((40, 200), layer="overlay") == sky) is (active == 1)
    panel(drawn, 3)
    said = drawn.find(".compare").inner_text()
    assert said.endswith("It did better than round 1 and is used.")


def test_a_full_round_is_cancelled_and_goes_on_after_a_kill(
    drawn: Tab, workspace: Workspace
) -> None:
    """The worker is a real one, the child is not."""
    with workspace.write() as conn:
        config = {"kind": "method", "branches": "2d", "seconds": 0.3}
        rounds.create(conn, preset="cpu", config=config, seed=0)
    with processes.started(processes.FAKE_WORKER, workspace.root) as worker:
        drawn.until("s.rounds[0]?.predicted >= 1 || s.rounds[0]?.done >= 1")
        panel(drawn, 1)
        processes.kill(worker)
        drawn.until("s.rounds[0].state === 'interrupted'")
    with processes.started(processes.FAKE_WORKER, workspace.root):
        drawn.page.wait_for_function(
            "document.querySelector('.progress-text').textContent"
            ".endsWith('went on after an interruption')"
        )
        action(drawn, "Cancel").click()
        drawn.until("s.rounds[0].state === 'cancelled'", seconds=5)
    assert re.match("cancelled", drawn.find(".progress-text").inner_text())
