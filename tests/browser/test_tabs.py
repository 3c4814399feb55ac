"""Two tabs on one project see each other's work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from app.workspace import Workspace
from tests.browser.clip import strokes_on
from tests.browser.running import RunningStudio
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser


@pytest.fixture
def other(tab: Tab, studio: RunningStudio, browser: Browser) -> Iterator[Tab]:
    """A second window: a tab behind another one is painted once a second only."""
    window = browser.new_context(viewport={"width": 1280, "height": 800})
    other = Tab(window, studio.url).open()
    yield other
    other.assert_clean()
    window.close()


def test_a_stroke_appears_in_the_other_tab(tab: Tab, other: Tab) -> None:
    tab.draw((60, 60), (200, 60)).idle()
    other.until("s.frames[0].strokes === 1", seconds=3)
    other.idle()
    assert other.ink((100, 60))[3] == 255
    other.press("Control+z").idle()
    tab.until("s.frames[0].strokes === 0", seconds=3)
    tab.idle()
    assert tab.ink((100, 60))[3] == 0


def test_a_stroke_on_a_frame_that_is_not_shown_is_counted(tab: Tab, other: Tab) -> None:
    other.press("d", "d").idle()
    tab.draw((60, 60), (200, 60)).idle()
    other.until("s.frames[0].strokes === 1", seconds=3)
    other.press("a", "a").idle()
    assert other.ink((100, 60))[3] == 255


def test_classes_follow(tab: Tab, other: Tab) -> None:
    tab.find("[data-hint='Add a class']").click()
    tab.find(".dialog .field").fill("bird")
    tab.press("Enter").idle()
    other.until("s.classes.at(-1).name === 'bird'", seconds=3)
    assert other.find(".class-name").last.inner_text() == "bird"


def test_two_tabs_drawing_at_once_lose_nothing(tab: Tab, other: Tab, workspace: Workspace) -> None:
    for row in range(4):
        tab.draw((40, 40 + 20 * row), (120, 40 + 20 * row))
        other.draw((180, 40 + 20 * row), (260, 40 + 20 * row))
    tab.idle()
    other.idle()
    assert len(strokes_on(workspace)) == 8
    for each in (tab, other):
        each.until("s.frames[0].strokes === 8", seconds=3)
        each.idle()
        assert each.ink((80, 100))[3] == each.ink((220, 100))[3] == 255
