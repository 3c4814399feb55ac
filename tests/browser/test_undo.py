"""Undo and redo over frames, reloads and tabs."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Route

from app.workspace import Workspace
from tests.browser.clip import strokes_on
from tests.browser.running import RunningStudio
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser


def counts(workspace: Workspace) -> list[int]:
    return [len(strokes_on(workspace, index)) for index in range(3)]


def test_undo_and_redo_go_over_frames_and_reloads(tab: Tab, workspace: Workspace) -> None:
    tab.draw((60, 60), (200, 60)).press("d").idle()
    tab.draw((60, 90), (200, 90)).press("d", "d", "d").idle()
    assert counts(workspace) == [1, 1, 0]
    tab.press("Control+z").idle()
    assert counts(workspace) == [1, 0, 0]
    assert tab.find(".timeline-place").inner_text().startswith("2 / 6")  # where it happened
    assert tab.ink((100, 90))[3] == 0
    tab.reload().press("Control+z").idle()
    assert counts(workspace) == [0, 0, 0]
    tab.press("Control+Shift+z", "Control+Shift+z").idle()
    assert counts(workspace) == [1, 1, 0]
    assert tab.ink((100, 90))[3] == 255


def test_undo_waits_for_the_stroke_that_is_on_its_way(tab: Tab, workspace: Workspace) -> None:
    tab.draw((60, 60), (200, 60)).press("Control+z").idle()
    assert counts(workspace) == [0, 0, 0]
    assert tab.ink((100, 60))[3] == 0


def test_buttons_say_why_they_are_disabled(tab: Tab) -> None:
    undo, redo = tab.find("[data-hint^='Undo']"), tab.find("[data-hint^='Redo']")
    assert undo.get_attribute("aria-disabled") == "true"
    assert undo.get_attribute("title") == "Nothing to undo"
    tab.draw((60, 60), (200, 60)).idle()
    assert undo.get_attribute("aria-disabled") is None
    undo.click()
    tab.idle()
    assert undo.get_attribute("title") == "Nothing to undo"
    assert redo.get_attribute("aria-disabled") is None
    redo.click()
    tab.idle()
    assert tab.ink((100, 60))[3] == 255


def test_a_new_stroke_ends_redo(tab: Tab) -> None:
    tab.draw((60, 60), (200, 60)).press("Control+z").idle()
    tab.draw((60, 90), (200, 90)).idle()
    assert tab.find("[data-hint^='Redo']").get_attribute("title") == "Nothing to redo"


def test_undo_takes_its_own_turn_while_a_save_is_slow(tab: Tab, workspace: Workspace) -> None:
    held = tab.hold("**/api/strokes")
    tab.press("1").draw((60, 60), (200, 60)).press("Control+z")
    assert settles(tab, (100, 60), 0)
    tab.press("2").draw((60, 90), (200, 90))
    assert counts(workspace) == [0, 0, 0]
    held[0].continue_()
    tab.idle()
    assert [stroke.class_id for stroke in strokes_on(workspace)] == [1]
    assert tab.ink((100, 60))[3] == 0
    assert tab.ink((100, 90))[3] == 255
    assert tab.state("frames[0].strokes") == 1
    tab.press("Control+z", "Control+Shift+z").idle()  # the second one is what is left to undo
    assert [stroke.class_id for stroke in strokes_on(workspace)] == [1]
    assert tab.ink((100, 90))[3] == 255


def settles(tab: Tab, place: tuple[float, float], alpha: int) -> bool:
    """Wait for the next paint; ink is painted once a frame."""
    tab.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return tab.ink(place)[3] == alpha


def test_an_undo_whose_answer_is_lost_is_done_once(tab: Tab, workspace: Workspace) -> None:
    for y in (40, 60, 80):
        tab.draw((60, y), (200, y))
    tab.idle()
    lost: list[str] = []

    def lose(route: Route) -> None:
        lost.append(route.request.url)
        route.fetch()  # it reaches the server; its answer is lost
        route.abort()

    tab.page.route("**/api/undo", lose, times=1)
    tab.press("Control+z").idle()
    assert len(lost) == 1
    assert counts(workspace) == [2, 0, 0]
    assert tab.ink((100, 80))[3] == 0
    assert tab.ink((100, 60))[3] == 255
    tab.forgive("ERR_", "WebSocket")


def test_an_undo_goes_where_it_happened_unless_one_has_left_meanwhile(tab: Tab) -> None:
    tab.draw((60, 60), (200, 60)).draw((60, 90), (200, 90)).press("d", "d").idle()
    held = tab.hold("**/api/undo")
    tab.press("Control+z", "End")
    tab.until("s.shown === s.frames[5].id")
    held[0].continue_()
    tab.idle()
    assert tab.state("selected") == tab.state("frames[5].id")
    assert tab.state("frames[0].strokes") == 1
    tab.press("Control+z").idle()
    assert tab.state("selected") == tab.state("frames[0].id")


def test_steps_that_wait_are_shown_and_outlive_the_page(
    tab: Tab, context: BrowserContext, studio: RunningStudio, workspace: Workspace
) -> None:
    tab.page.route("**/api/strokes", lambda route: route.abort())
    tab.draw((60, 60), (200, 60)).draw((60, 90), (200, 90)).press("Control+z", "Control+z")
    assert settles(tab, (100, 60), 0)
    assert tab.find("[data-hint^='Undo']").get_attribute("aria-disabled") == "true"
    tab.press("Control+Shift+z", "Control+Shift+z", "Control+z")
    assert settles(tab, (100, 60), 255)
    assert tab.ink((100, 90))[3] == 0
    assert tab.state("waiting") == 7
    tab.page.close()
    tab.forgive("ERR_", "WebSocket")
    later = Tab(context, studio.url).open()
    assert counts(workspace) == [1, 0, 0]
    assert (later.ink((100, 60))[3], later.ink((100, 90))[3]) == (255, 0)
    later.press("Control+Shift+z").idle()
    assert counts(workspace) == [2, 0, 0]
    later.assert_clean()


def test_an_undo_that_is_refused_brings_its_stroke_back(tab: Tab, workspace: Workspace) -> None:
    held = tab.hold("**/api/strokes")
    late = {"status": 409, "json": {"error": "the stroke to undo is not the last one any more"}}
    tab.page.route("**/api/undo", lambda route: route.fulfill(**late))
    tab.draw((60, 60), (200, 60)).press("Control+z")
    assert settles(tab, (100, 60), 0)
    held[0].continue_()
    tab.idle()
    assert "not the last one" in tab.find(".toast").inner_text()
    assert counts(workspace) == [1, 0, 0]
    assert tab.ink((100, 60))[3] == 255
    tab.forgive("409")


def test_a_frame_is_cleared_as_one_step(tab: Tab, workspace: Workspace) -> None:
    clear = tab.find("[data-hint^='Clear frame']")
    assert clear.get_attribute("title") == "This frame has no strokes"
    tab.press("d").draw((60, 40), (200, 40)).press("a").idle()
    tab.draw((60, 60), (200, 60)).draw((60, 90), (200, 90))
    clear.click()  # while the strokes are on their way, or after
    assert settles(tab, (100, 60), 0)
    tab.idle()
    assert counts(workspace) == [0, 1, 0]
    assert (tab.ink((100, 60))[3], tab.ink((100, 90))[3]) == (0, 0)
    assert clear.get_attribute("title") == "This frame has no strokes"
    tab.press("Control+z").idle()
    assert counts(workspace) == [2, 1, 0]
    assert (tab.ink((100, 60))[3], tab.ink((100, 90))[3]) == (255, 255)
    assert clear.get_attribute("aria-disabled") is None
