"""Undo and redo over frames, reloads and tabs."""

from __future__ import annotations

import pytest

from app.workspace import Workspace
from tests.browser.clip import strokes_on
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
