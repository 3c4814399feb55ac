"""What comes late, broken or from elsewhere while the page is open."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Route

from annotations.types import ERASER
from app import events
from app.workspace import Workspace
from tests.browser.clip import frame_ids, strokes_on
from tests.browser.painted import begun_round, finish_round, halves, round_of
from tests.browser.running import RunningStudio
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser
UNWELL = {"status": 503, "json": {"error": "the database is locked"}}


def test_a_page_that_opens_while_the_server_is_unwell_opens_later(
    context: BrowserContext, studio: RunningStudio
) -> None:
    tab = Tab(context, studio.url)
    tab.page.route("**/api/project", lambda route: route.fulfill(**UNWELL), times=1)
    tab.page.route("**/api/rounds", lambda route: route.abort(), times=1)
    tab.open()
    assert tab.state("frames.length") == 6
    assert tab.save_state() == "saved"
    tab.forgive("503", "ERR_")
    tab.assert_clean()


def test_a_project_is_loaded_anew_after_a_failure_and_never_from_an_old_answer(tab: Tab) -> None:
    tab.page.route("**/api/project", lambda route: route.fulfill(**UNWELL), times=1)
    tab.page.evaluate("window.rewis3d.state.project.old = true")
    tab.tell("resync")
    tab.until("!s.project.old", seconds=5)
    tab.forgive("503")
    held = tab.hold("**/api/project")
    tab.tell("resync")
    tab.page.wait_for_timeout(50)
    tab.tell("resync")
    tab.until("s.project.name === 'a small clip'")
    (late,) = held
    answer = late.fetch().json() | {"name": "an old answer", "can_undo": True}
    late.fulfill(body=json.dumps(answer), content_type="application/json")
    tab.idle()
    assert tab.find(".project-name").inner_text() == "a small clip"
    assert tab.state("canUndo") is False


def test_a_worker_that_dies_leaves_an_interrupted_round_on_the_page(
    tab: Tab, workspace: Workspace
) -> None:
    tab.press("1").draw((20, 30), (300, 30)).press("2").draw((20, 60), (300, 60)).idle()
    with begun_round(workspace):
        tab.until("s.rounds[0]?.state === 'running' && s.worker")
    tab.until("s.rounds[0].state === 'interrupted' && !s.worker", seconds=5)
    tab.idle()
    asked = (tab.page.expect_request(f"**/api/{name}") for name in ("rounds", "exports"))
    with next(asked), next(asked), workspace.write() as conn:  # neither leaves it to the other
        events.append(conn, "worker", alive=False)
    tab.idle()


@pytest.mark.parametrize("asked_again", [False, True])
def test_curves_that_arrive_after_the_notices_of_their_points_are_loaded_again(
    tab: Tab, workspace: Workspace, asked_again: bool
) -> None:
    tab.press("1").draw((20, 30), (300, 30)).press("2").draw((20, 60), (300, 60)).idle()
    held: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        held.append((route, route.fetch()))  # the curves of now: there are none

    tab.page.route("**/api/rounds/1/points", hold, times=1)
    with begun_round(workspace) as (_, claim):
        tab.until("s.rounds[0]?.state === 'running'")
        tab.find("#tab-rounds").click()
        while not held:
            tab.page.wait_for_timeout(10)
        if asked_again:
            tab.tell("rounds")
            tab.page.wait_for_timeout(100)
        finish_round(workspace, claim, miou=0.7)
        tab.until("s.rounds[0].state === 'done'")
    tab.page.wait_for_timeout(100)
    ((route, answer),) = held
    route.fulfill(response=answer)
    tab.idle()
    tab.tell("rounds")
    tab.idle()
    assert tab.find(".curves .chart-line").count() == 1


def test_a_broken_prediction_shows_nothing_and_is_read_again(
    tab: Tab, workspace: Workspace
) -> None:
    tab.press("1").draw((20, 30), (300, 30)).press("2").draw((20, 60), (300, 60)).idle()
    round_of(workspace, halves(0, 1))
    name = f"rounds/0001/predictions/{frame_ids(workspace)[5]}.labels.png"
    whole = (workspace.root / name).read_bytes()
    (workspace.root / name).write_bytes(whole[: len(whole) // 2])
    tab.until("s.activeRound === 1 && s.rounds[0]?.state === 'done'")
    tab.press("End").idle()
    assert tab.state("shown") == tab.state("frames[5].id")
    assert tab.find(".layer.overlay.empty").count() == 1
    (workspace.root / name).write_bytes(whole)
    tab.press("Home", "End").idle()
    assert tab.find(".layer.overlay.empty").count() == 0
    assert tab.ink((40, 200), layer="overlay") == (70, 130, 180, 255)


def test_a_stroke_in_hand_ends_on_its_own_frame_by_its_own_size(
    tab: Tab, workspace: Workspace
) -> None:
    tab.page.evaluate("Object.assign(window.rewis3d.state.frames[1], {width: 8, height: 8})")

    def go_on() -> None:
        tab.press("d")
        tab.until("s.shown === s.frames[1].id")

    tab.draw((150, 60), (200, 60), then=go_on).idle()
    assert len(strokes_on(workspace, 0)) == 1
    assert strokes_on(workspace, 1) == []


def test_space_pans_after_a_button_was_clicked_and_presses_what_tab_chose(
    tab: Tab, workspace: Workspace
) -> None:
    tab.find("[data-tool='eraser']").click()
    x, y = tab.client((150, 100))
    tab.page.keyboard.down(" ")
    tab.drag([(x, y), (x + 40, y + 25)])
    tab.page.keyboard.up(" ")
    tab.idle()
    assert strokes_on(workspace) == []
    assert tab.client((150, 100)) == pytest.approx((x + 40, y + 25), abs=1.5)
    tab.find("[data-tool='brush']").focus()
    tab.press("Tab", "Shift+Tab", " ").idle()
    assert tab.state("tool") == "brush"
    tab.press("e").draw((60, 60), (100, 60)).idle()
    assert [stroke.class_id for stroke in strokes_on(workspace)] == [ERASER]
