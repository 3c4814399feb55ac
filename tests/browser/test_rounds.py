"""Overlays and rounds, on predictions that were painted rather than trained."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import rounds, runs
from app.runs import Claim
from app.workspace import Workspace
from rewis3d.reports import Rival
from tests import processes
from tests.browser.painted import begun_round, finish_round, halves, publish, round_of
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser
SKY = (70, 130, 180, 255)
GROUND = (128, 64, 128, 255)
THING = (220, 20, 60, 255)
LEFT, RIGHT = (40, 200), (280, 200)


@pytest.fixture
def drawn(tab: Tab) -> Tab:
    """A tab with two strokes on the first frame."""
    return tab.press("1").draw((20, 30), (300, 30)).press("2").draw((20, 60), (300, 60)).idle()


@pytest.fixture
def begun(drawn: Tab, workspace: Workspace) -> Iterator[tuple[int, Claim]]:
    """A round that this test works on."""
    with begun_round(workspace) as begun:
        drawn.until("s.rounds.length === 1")
        yield begun


def overlay(tab: Tab) -> list[tuple[int, int, int, int]]:
    return [tab.ink(LEFT, layer="overlay"), tab.ink(RIGHT, layer="overlay")]


def show_rounds(tab: Tab) -> None:
    tab.find("#tab-rounds").click()


def action(tab: Tab, name: str):
    return tab.find(".detail-actions .button").filter(has_text=name)


def test_an_overlay_comes_by_itself_and_follows_the_palette(
    drawn: Tab, workspace: Workspace
) -> None:
    round_of(workspace, halves(0, 1))
    drawn.until("s.activeRound === 1 && s.rounds[0]?.state === 'done'")
    drawn.idle()
    assert overlay(drawn) == [SKY, GROUND]
    drawn.page.mouse.move(*drawn.client(LEFT))
    drawn.page.wait_for_function(
        "document.querySelector('.readout').textContent.includes('sky 78 %')"
    )
    drawn.find("[data-class='0'] .eye").click()
    drawn.idle()
    assert [colour[3] for colour in overlay(drawn)] == [0, 255]
    drawn.page.evaluate("window.notLoadedAgain = true")
    drawn.find("[data-class='1'] .class-colour").evaluate(
        "input => { input.value = '#102030'; input.dispatchEvent(new Event('change')); }"
    )
    drawn.until("s.classes[1].colour === '#102030'")
    drawn.idle()
    assert overlay(drawn)[1] == (16, 32, 48, 255)
    assert drawn.ink((100, 60)) == (16, 32, 48, 255)  # strokes and prediction at once
    assert drawn.page.evaluate("window.notLoadedAgain") is True
    drawn.find("[data-hint^='Fade']").click()
    drawn.idle()
    assert overlay(drawn)[1][3] == pytest.approx(255 * (200 / 255) ** 2, abs=2)


def test_an_old_overlay_stays_and_is_marked(drawn: Tab, workspace: Workspace) -> None:
    round_of(workspace, halves(0, 1))
    drawn.until("s.activeRound === 1 && s.rounds[0]?.state === 'done'")
    drawn.idle()
    assert drawn.find(".note.age").get_attribute("data-state") == "fresh"
    drawn.draw((20, 90), (300, 90)).idle()
    drawn.until("s.rounds[0].strokes_behind === 1")
    drawn.idle()
    assert drawn.find(".note.age").inner_text() == "Round 1, 1 stroke behind"
    assert "1 stroke behind" in drawn.find(".round-chip").inner_text()
    assert overlay(drawn) == [SKY, GROUND]
    drawn.press("d").idle()
    assert overlay(drawn) == [SKY, GROUND]
    assert drawn.find(".frame-row").first.get_attribute("data-prediction") == "stale"


def test_a_later_round_is_compared_previewed_and_activated(
    drawn: Tab, workspace: Workspace
) -> None:
    round_of(workspace, halves(0, 1), miou=0.5)
    round_of(workspace, halves(2, 1), miou=0.625, rival=Rival(1, 0.5, 0.6, 2, 800))
    drawn.until("s.rounds[0]?.number === 2 && s.rounds[0].state === 'done'")
    drawn.idle()
    assert overlay(drawn) == [SKY, GROUND]  # nothing is switched unasked
    show_rounds(drawn)
    drawn.find("[data-round='2']").click()
    text = (
        "mIoU 62.5 % on 1234 held-out pixels. 10.0 points above the active round 1"
        " (60.0 % to 50.0 %) on 800 pixels that neither had learnt,"
        " of the 2 classes that both have."
    )
    drawn.page.wait_for_function(f"document.querySelector('.compare').textContent === '{text}'")
    drawn.find(".curves svg").wait_for()
    assert drawn.find(".score-row").count() == 2
    assert not drawn.find(".settings-table").is_visible()
    drawn.find(".settings summary").click()
    row = drawn.find(".settings-table tr").filter(has_text="learning rate")
    assert row.locator("td").inner_text() == "0.003"
    action(drawn, "Preview").click()
    drawn.find("#tab-annotate").click()
    drawn.idle()
    assert overlay(drawn) == [THING, GROUND]
    assert "Preview of round 2" in drawn.find(".note.age").inner_text()
    drawn.find(".note.age .button").click()
    drawn.idle()
    assert overlay(drawn) == [SKY, GROUND]
    show_rounds(drawn)
    action(drawn, "Activate").click()
    drawn.until("s.activeRound === 2")
    with workspace.read() as conn:
        assert rounds.active_round(conn) == 2
    drawn.find("#tab-annotate").click()
    drawn.idle()
    assert overlay(drawn) == [THING, GROUND]


def test_what_the_later_stages_of_a_round_brought_is_said(drawn: Tab, workspace: Workspace) -> None:
    brought = {"strokes": 0.5, "around": 0.625, "alone": 0.625, "fused": 0.6}
    round_of(workspace, halves(0, 1), miou=0.625, stages=brought)
    show_rounds(drawn)
    drawn.find("[data-round='1']").click()
    text = (
        "mIoU 62.5 % on 1234 held-out pixels."
        " What the frames around teach takes it from 50.0 % to 62.5 %."
        " Read off over time 60.0 %, frame by frame 62.5 %: the labels are those frame by frame."
    )
    drawn.page.wait_for_function(f"document.querySelector('.compare').textContent === '{text}'")


def test_a_round_is_followed_and_cancelled_from_the_canvas(
    drawn: Tab, workspace: Workspace, begun: tuple[int, Claim]
) -> None:
    number, claim = begun
    with workspace.write() as conn:
        runs.progress(conn, claim, stage="training", done=30, total=100, eta_seconds=4.2)
    drawn.page.wait_for_function(
        "document.querySelector('.train-eta')?.textContent === '30 of 100 · 4.2 s left'"
    )
    assert drawn.find(".train-stage").inner_text() == "training"
    publish(workspace, claim, number, halves(0, 1))
    drawn.until("s.activeRound === 1")
    processes.eventually(lambda: overlay(drawn) == [SKY, GROUND])  # before the round has ended
    drawn.find(".train .button").filter(has_text="Cancel").click()
    drawn.idle()
    with workspace.write() as conn:
        assert runs.heartbeat(conn, claim)  # the worker is told
        runs.cancel(conn, claim)
    drawn.until("s.rounds[0].state === 'cancelled'")
    drawn.page.wait_for_function(
        "document.querySelector('.train-reason')?.textContent.includes('cancelled')"
    )


def test_a_failed_round_says_why_and_can_be_resumed(
    drawn: Tab, workspace: Workspace, begun: tuple[int, Claim]
) -> None:
    _, claim = begun
    with workspace.write() as conn:
        runs.fail(conn, claim, error="<b>no</b> memory left {{value}}")
    drawn.until("s.rounds[0]?.state === 'failed'")
    show_rounds(drawn)
    drawn.find(".problem-box").filter(has_text="<b>no</b> memory left {{value}}").wait_for()
    assert action(drawn, "Resume").get_attribute("aria-disabled") is None
    assert action(drawn, "Activate").get_attribute("title") != ""
    assert action(drawn, "Cancel").get_attribute("title") == "The round has ended"


def test_points_appear_while_a_round_runs(
    drawn: Tab, workspace: Workspace, begun: tuple[int, Claim]
) -> None:
    _, claim = begun
    show_rounds(drawn)
    drawn.find(".curves").filter(has_text="begin with the first").wait_for()
    finish_round(workspace, claim, miou=0.7)
    drawn.find(".curves .chart-line").first.wait_for(state="attached")
    drawn.page.wait_for_function("document.querySelector('.scores .score-row') !== null")
    # each point once, whether it came by notice or in the answer
    points = "document.querySelector('.chart-line').getAttribute('d').match(/[ML][\\d.]+/g).length"
    drawn.page.wait_for_function(f"{points} >= 20")
    drawn.idle()
    assert drawn.page.evaluate(points) == 20
    assert "70.0 %" in drawn.find("[data-round='1']").inner_text()


def test_labels_and_strokes_are_exported_and_downloaded(drawn: Tab) -> None:
    drawn.find("#tab-exports").click()
    model = drawn.find(".export-card").filter(has_text="Model").locator(".primary")
    assert model.get_attribute("title") == "Train a round first: there is no model yet."
    for what in ("labels", "strokes"):
        drawn.find(".button").filter(has_text=f"Export {what}").click()
        row = drawn.find(".export-row").filter(has_text=what.capitalize())
        row.get_by_text("Download").wait_for()
        with drawn.page.expect_download() as started:
            row.get_by_text("Download").click()
        assert started.value.suggested_filename.endswith(".zip")
        assert started.value.path().read_bytes()[:2] == b"PK"
