"""Nothing that was drawn is lost while the server is away."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from app.workspace import Workspace
from tests.browser.clip import strokes_on
from tests.browser.running import RunningStudio
from tests.browser.tab import HOOK, Tab

pytestmark = pytest.mark.browser


def waiting(tab: Tab) -> int:
    script = "Object.keys(localStorage).filter((key) => key.startsWith('rewis3d:stroke:')).length"
    return tab.page.evaluate(script)


def test_strokes_drawn_while_the_server_is_down_arrive_in_order(
    tab: Tab, studio: RunningStudio, workspace: Workspace
) -> None:
    studio.stop()
    tab.press("3").draw((60, 60), (200, 60)).press("e").draw((130, 40), (130, 80))
    tab.until("s.online === false")
    assert tab.save_state() == "offline"
    assert "2 waiting" in tab.find(".save-chip").inner_text()
    assert tab.find("[data-hint^='Undo']").get_attribute("title") != ""
    assert tab.ink((100, 60))[3] == 255
    assert waiting(tab) == 2
    studio.start()
    tab.find(".save-chip").click()  # now, rather than when the wait is over
    tab.until("s.online && s.waiting === 0")
    assert tab.save_state() == "saved"
    assert [stroke.class_id for stroke in strokes_on(workspace)] == [2, -1]
    assert waiting(tab) == 0
    forgive_connection(tab)


def forgive_connection(tab: Tab) -> None:
    """Drop what the browser notes of a server that is away."""
    tab.errors = [text for text in tab.errors if "ERR_" not in text and "WebSocket" not in text]


def test_strokes_that_wait_outlive_the_page(
    tab: Tab, context: BrowserContext, studio: RunningStudio, workspace: Workspace
) -> None:
    tab.page.route("**/api/strokes", lambda route: route.abort())
    tab.draw((60, 60), (200, 60))
    tab.until("s.waiting === 1")
    tab.page.close()
    assert strokes_on(workspace) == []
    forgive_connection(tab)
    later = Tab(context, studio.url).open()
    assert len(strokes_on(workspace)) == 1
    assert later.ink((100, 60))[3] == 255
    assert waiting(later) == 0


def test_a_lost_answer_does_not_draw_twice(tab: Tab, workspace: Workspace) -> None:
    lost: list[str] = []

    def lose_first(route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.post_data)
        route.fetch()  # it reaches the server; its answer is lost
        route.abort()

    tab.page.route("**/api/strokes", lose_first)
    tab.draw((60, 60), (200, 60)).idle()
    assert lost
    assert len(strokes_on(workspace)) == 1
    forgive_connection(tab)


def test_a_refused_stroke_is_named_and_taken_off(tab: Tab, workspace: Workspace) -> None:
    tab.page.evaluate("window.rewis3d.state.classId = 77")  # a class that nobody knows
    tab.draw((60, 60), (200, 60))
    tab.find(".toast.error").wait_for()
    tab.idle()
    assert "77" in tab.find(".toast.error").inner_text()
    assert strokes_on(workspace) == []
    assert tab.ink((100, 60))[3] == 0
    assert waiting(tab) == 0
    assert all("400" in error for error in tab.errors)
    tab.errors.clear()


def test_a_server_that_cannot_save_says_why_and_gets_the_stroke_later(
    tab: Tab, workspace: Workspace
) -> None:
    full = {"status": 503, "json": {"error": "the disk is full"}}
    tab.page.route("**/api/strokes", lambda route: route.fulfill(**full))
    tab.draw((60, 60), (200, 60))
    tab.find(".toast.error").wait_for()
    assert "the disk is full" in tab.find(".toast.error").inner_text()
    assert waiting(tab) == 1
    tab.page.unroute("**/api/strokes")
    tab.idle()
    assert len(strokes_on(workspace)) == 1
    assert all("503" in error for error in tab.errors)
    tab.errors.clear()


def test_what_a_stranger_answers_is_no_refusal(tab: Tab, workspace: Workspace) -> None:
    tab.page.route("**/api/strokes", lambda route: route.fulfill(status=404, body="<h1>no</h1>"))
    tab.press("1").draw((40, 40), (120, 40))
    tab.page.wait_for_timeout(300)
    assert strokes_on(workspace) == []
    tab.page.unroute("**/api/strokes")
    tab.idle()
    assert len(strokes_on(workspace)) == 1
    tab.errors.clear()  # Chromium notes each 404


def test_a_page_of_another_project_is_loaded_again_and_keeps_its_stroke(
    tab: Tab, workspace: Workspace
) -> None:
    tab.page.evaluate("window.rewis3d.state.project = {version: 'another'}")
    with tab.page.expect_navigation():
        tab.press("1").draw((40, 40), (120, 40))
    tab.page.wait_for_function(HOOK)
    tab.idle()  # the page knows its project again, whose stroke had waited
    assert len(strokes_on(workspace)) == 1
    tab.errors.clear()  # Chromium notes the 412
