"""Nothing that was drawn is lost while the server is away."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from app import slots
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


def test_a_session_that_ran_out_leads_to_the_login_and_back(
    tab: Tab, studio: RunningStudio, workspace: Workspace
) -> None:
    studio.stop()
    tab.draw((60, 60), (200, 60))
    tab.until("s.online === false && s.waiting === 1")
    tab.page.route("**/api/strokes", lambda route: route.abort())  # nothing but the socket asks
    studio.token = "another-token"
    studio.start()
    tab.page.wait_for_url("**/login")
    tab.page.unroute("**/api/strokes")
    tab.find("#token").fill(studio.token)
    tab.press("Enter")
    tab.page.wait_for_function(HOOK)
    tab.idle()
    assert len(strokes_on(workspace)) == 1
    assert tab.save_state() == "saved"
    forgive_connection(tab)
    tab.forgive("401")


def test_an_image_that_needs_a_login_leads_there(tab: Tab) -> None:
    last = tab.state("frames[5].id")
    tab.page.route(f"**/frames/{last}/image*", lambda route: route.fulfill(status=401), times=1)
    with tab.page.expect_navigation():  # here there is no token, and the login leads back at once
        tab.press("End")
    tab.page.wait_for_function(HOOK)
    assert tab.idle().state("shown") == last
    tab.forgive("401")


def test_nothing_waits_for_a_full_disk_without_end(tab: Tab, workspace: Workspace) -> None:
    tab.press("1").draw((60, 60), (200, 60)).press("2").draw((60, 90), (200, 90)).idle()
    full = {"status": 503, "json": {"error": "the disk is full"}}
    with slots.hold(workspace):
        tab.until("s.worker")
        tab.page.route("**/api/strokes", lambda route: route.fulfill(**full))
        tab.draw((60, 120), (200, 120))
        tab.find(".train .primary").click()
        toast = tab.find(".toast.error").filter(has_text="Round not started")
        toast.wait_for()
        assert "strokes can't be saved: the disk is full" in toast.inner_text()
        start = tab.find(".train .primary")
        assert start.get_attribute("aria-disabled") is None
    tab.find("#tab-exports").click()
    tab.find(".button").filter(has_text="Export strokes").click()
    tab.find(".toast.error").filter(has_text="Not exported: strokes can't be saved").wait_for()
    tab.page.unroute("**/api/strokes")
    tab.idle()
    tab.page.clock.install()
    held = tab.hold("**/api/strokes")  # a server that answers nothing at all
    tab.find("#tab-annotate").click()
    tab.draw((60, 150), (200, 150))
    tab.find("#tab-exports").click()
    tab.find(".button").filter(has_text="Export strokes").click()
    tab.page.clock.fast_forward(21_000)
    tab.find(".toast.error").filter(has_text="still on their way").wait_for()
    held[0].continue_()
    tab.idle()
    assert len(strokes_on(workspace)) == 4
    assert tab.state("rounds.length") == 0
    tab.forgive("503")


def test_a_refused_stroke_comes_back_until_it_is_sent_or_dismissed(
    tab: Tab, workspace: Workspace
) -> None:
    no = {"status": 400, "json": {"error": "not today"}}
    tab.page.route("**/api/strokes", lambda route: route.fulfill(**no))
    tab.draw((60, 60), (200, 60)).draw((60, 90), (200, 90)).idle()
    toast = tab.find(".toast.error")
    assert "2 strokes were refused and taken off: not today" in toast.inner_text()
    tab.page.unroute("**/api/strokes")
    tab.reload()
    assert tab.ink((100, 60))[3] == 0
    assert tab.state("frames[0].strokes") == 0
    toast.get_by_text("Send again").click()
    tab.idle()
    assert len(strokes_on(workspace)) == 2
    assert tab.ink((100, 90))[3] == 255
    assert toast.count() == 0
    tab.page.route("**/api/strokes", lambda route: route.fulfill(**no))
    tab.draw((60, 120), (200, 120)).idle()
    toast.get_by_label("Dismiss").click()
    tab.reload()
    assert toast.count() == 0
    assert len(strokes_on(workspace)) == 2
    tab.forgive("400")


def test_a_frame_that_failed_is_tried_again_but_never_jumped_to(tab: Tab) -> None:
    first, last = tab.state("frames[0].id"), tab.state("frames[5].id")
    notice = tab.find(".toast.error").filter(has_text="Frame 6")
    tab.page.route(f"**/frames/{last}/image*", lambda route: route.abort())
    tab.press("End")
    notice.wait_for()
    assert tab.state("shown") == first
    tab.press("Home").idle()
    tab.page.unroute(f"**/frames/{last}/image*")
    tab.tell("connection")
    tab.page.wait_for_timeout(1300)  # longer than the first wait
    assert tab.state("selected") == tab.state("shown") == first
    tab.page.route(f"**/frames/{last}/image*", lambda route: route.abort(), times=1)
    tab.press("End")
    tab.until(f"s.shown === {last}", seconds=4)  # while the socket is open
    tab.forgive("ERR_")
