"""The palette: chosen by key, changed in mid-project, and safe with any name."""

from __future__ import annotations

import pytest

from annotations import classes
from app.workspace import Workspace
from tests.browser.clip import EVIL, strokes_on
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser


def names(workspace: Workspace) -> list[str]:
    with workspace.read() as conn:
        return [label.name for label in classes.classes_at(conn).classes]


def menu(tab: Tab, class_id: int, entry: str) -> None:
    tab.find(f"[data-class='{class_id}'] [data-hint='Rename, merge, delete']").click()
    tab.find(
        ".menu-item",
    ).filter(has_text=entry).click()


def test_a_name_that_looks_like_markup_is_shown_as_text(tab: Tab) -> None:
    shown = tab.find("[data-class='3'] .class-name")
    assert shown.inner_text() == EVIL
    assert tab.find("#studio img[src='x']").count() == 0
    menu(tab, 3, "Delete")
    assert EVIL in tab.find(".dialog").inner_text()
    tab.press("Escape")
    menu(tab, 0, "Merge")
    assert EVIL in tab.find(".dialog option").all_inner_texts()


def test_add_rename_and_recolour(tab: Tab, workspace: Workspace) -> None:
    tab.find("[data-hint='Add a class']").click()
    tab.find(".dialog .field").fill("bird")
    tab.press("Enter").idle()
    assert names(workspace)[-1] == "bird"
    menu(tab, 1, "Rename")
    tab.find(".dialog .field").fill("meadow")
    tab.find(".dialog .primary").click()
    tab.idle()
    assert names(workspace)[1] == "meadow"
    assert tab.find("[data-class='1'] .class-name").inner_text() == "meadow"
    tab.press("2").draw((60, 60), (200, 60)).idle()
    tab.find("[data-class='1'] .class-colour").evaluate(
        "input => { input.value = '#00ff00'; input.dispatchEvent(new Event('change')); }"
    )
    tab.until("s.classes[1].colour === '#00ff00'")
    tab.idle()
    assert tab.ink((100, 60)) == (0, 255, 0, 255)


def test_a_name_that_is_taken_is_refused_in_the_dialog(tab: Tab, workspace: Workspace) -> None:
    tab.find("[data-hint='Add a class']").click()
    tab.find(".dialog .field").fill("sky")
    tab.find(".dialog .primary").click()
    tab.page.wait_for_function("document.querySelector('.dialog .problem').textContent !== ''")
    assert "sky" in tab.find(".dialog .problem").inner_text()
    assert names(workspace).count("sky") == 1
    assert any("400" in error for error in tab.errors)  # the browser notes the refusal
    tab.errors.clear()


def test_merge_delete_and_restore(tab: Tab, workspace: Workspace) -> None:
    tab.press("3").draw((60, 60), (200, 60)).press("1").draw((60, 100), (200, 100)).idle()
    menu(tab, 2, "Merge")
    tab.find(".dialog select").select_option(label="ground")
    tab.find(".dialog .primary").click()
    tab.until("s.classes.length === 3")
    tab.idle()
    assert [stroke.class_id for stroke in strokes_on(workspace)] == [1, 0]
    assert tab.ink((100, 60)) == (128, 64, 128, 255)
    menu(tab, 0, "Delete")
    tab.find(".dialog .danger").click()
    tab.until("s.classes.length === 2 && s.frames[0].strokes === 1")
    tab.idle()
    assert tab.ink((100, 100))[3] == 0
    tab.find("[data-hint='Bring back a deleted class']").click()
    tab.find(".menu-item").filter(has_text="sky").click()
    tab.until("s.classes.length === 3 && s.frames[0].strokes === 2")
    tab.idle()
    assert tab.ink((100, 100)) == (70, 130, 180, 255)


def test_number_keys_choose_and_the_palette_counts_strokes(tab: Tab) -> None:
    tab.press("2")
    assert tab.find("[data-class='1'] .class-choose").get_attribute("aria-checked") == "true"
    tab.draw((60, 60), (200, 60)).draw((60, 90), (200, 90)).idle()
    assert tab.find("[data-class='1'] .class-used").inner_text() == "2"
    tab.find("[data-class='2'] .class-choose").click()
    assert tab.state("classId") == 2
