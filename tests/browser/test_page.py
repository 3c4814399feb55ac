"""The page as a whole: frames, keys, themes, sizes, empty states."""

from __future__ import annotations

import pytest

from annotations import store
from app.workspace import Workspace
from tests.browser.clip import strokes_on
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser


def test_frames_by_key_list_and_timeline(tab: Tab) -> None:
    place = tab.find(".timeline-place")
    tab.press("d", "ArrowRight", "End").idle()
    assert place.inner_text().startswith("6 / 6")
    tab.press("Home", "ArrowDown", "a").idle()
    assert place.inner_text().startswith("1 / 6")
    tab.find(".frame-row").nth(3).click()
    tab.idle()
    assert tab.state("shown") == tab.state("frames[3].id")
    box = tab.find(".timeline-track").bounding_box()
    assert box is not None
    tab.page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 10)
    tab.idle()
    assert place.inner_text().startswith("5 / 6")


def test_frames_are_found_and_filtered(tab: Tab) -> None:
    tab.press("d").draw((60, 60), (200, 60)).idle()
    tab.find(".frames select").select_option(label="With strokes")
    tab.page.wait_for_function("document.querySelectorAll('.frame-row').length === 1")
    assert tab.find(".frames .count").inner_text() == "1 of 6"
    tab.find(".frames select").select_option(label="All")
    tab.find(".frames input").fill("frame4")
    tab.page.wait_for_function("document.querySelectorAll('.frame-row').length === 1")
    assert tab.find(".frame-number").inner_text() == "5"
    tab.find(".frames input").fill("nothing")
    assert tab.find(".frames .empty").is_visible()


def test_a_name_that_does_not_fit_shows_its_end(tab: Tab) -> None:
    tab.page.evaluate("window.rewis3d.state.frames[1].name = '0016E5_of_a_long_drive_07961'")
    tab.tell("frames")
    name = "document.querySelectorAll('.frame-time bdi')[1]"
    tab.page.wait_for_function(f"{name}.textContent.endsWith('07961')")
    ends = f"[{name}, {name}.parentElement].map((item) => item.getBoundingClientRect())"
    (left, right), (box_left, box_right) = tab.page.evaluate(
        f"{ends}.map((box) => [box.left, box.right])"
    )
    assert left < box_left
    assert right <= box_right + 0.5


def test_a_frame_is_reserved_for_evaluation(tab: Tab, workspace: Workspace) -> None:
    tab.find(".reserve").click()
    tab.until("s.frames[0].reserved")
    with workspace.read() as conn:
        assert [frame.reserved for frame in store.list_frames(conn)][:2] == [True, False]
    assert tab.find(".reserve").get_attribute("aria-pressed") == "true"
    tab.find(".reserve").click()
    tab.until("!s.frames[0].reserved")


def test_keys_of_a_hidden_canvas_do_nothing(tab: Tab, workspace: Workspace) -> None:
    tab.draw((60, 60), (200, 60)).idle()
    before = tab.state("selected")
    for name in ("rounds", "exports"):
        tab.find(f"#tab-{name}").click()
        tab.press("e", "d", "3", "]", "Control+z", "t").idle()
    assert tab.state("tool") == "brush"
    assert tab.state("selected") == before
    assert tab.page.evaluate("window.rewis3d.prefs.brush") == 8
    assert len(strokes_on(workspace)) == 1
    tab.find("#tab-annotate").click()
    tab.press("e").idle()
    assert tab.state("tool") == "eraser"
    assert tab.ink((100, 60))[3] == 255  # the canvas was 0 x 0 meanwhile


def test_typing_in_a_field_chooses_no_tool(tab: Tab) -> None:
    tab.find(".frames input").click()
    tab.page.keyboard.type("e2d")
    assert (tab.state("tool"), tab.state("classId")) == ("brush", 0)
    assert tab.find(".frames input").input_value() == "e2d"


def test_hold_to_hide_and_overlay_keys(tab: Tab) -> None:
    tab.draw((60, 60), (200, 60)).idle()
    ink = tab.find(".layer.ink")
    tab.page.keyboard.down("h")
    assert ink.evaluate("layer => getComputedStyle(layer).visibility") == "hidden"
    tab.page.keyboard.up("h")
    assert ink.evaluate("layer => getComputedStyle(layer).visibility") == "visible"
    tab.press("o")
    assert tab.page.evaluate("window.rewis3d.prefs.overlay") is False


def test_the_key_sheet_opens_and_closes(tab: Tab) -> None:
    tab.press("?")
    assert "Previous frame" in tab.find(".dialog").inner_text()
    tab.press("e", "Escape")
    tab.find(".dialog").wait_for(state="detached")
    assert tab.state("tool") == "brush"


def test_themes_change_and_stay(tab: Tab) -> None:
    studio = "getComputedStyle(document.getElementById('studio')).backgroundColor"

    def becomes(colour: str) -> None:
        tab.page.wait_for_function(f"{studio} === {colour!r}")

    light = tab.page.evaluate(studio)
    tab.page.emulate_media(color_scheme="dark")
    tab.page.wait_for_function(f"{studio} !== {light!r}")
    dark = tab.page.evaluate(studio)
    tab.find(".theme-button").click()  # system -> light
    becomes(light)
    tab.find(".theme-button").click()  # light -> dark
    becomes(dark)
    tab.page.emulate_media(color_scheme="light")
    tab.reload()
    becomes(dark)


def test_every_view_fills_the_window_without_scrolling(tab: Tab) -> None:
    for width, height in SIZES:
        tab.page.set_viewport_size({"width": width, "height": height})
        for name in ("annotate", "rounds", "exports"):
            tab.find(f"#tab-{name}").click()
            assert tab.page.evaluate(LAYOUT) == [height, width, width, height, ""]


SIZES = ((1180, 760), (1280, 800), (1366, 768), (1440, 900), (1920, 1080), (2560, 1440))
LAYOUT = """() => {
  const root = document.getElementById("studio");
  const view = root.querySelector(".view:not([hidden])").getBoundingClientRect();
  const page = document.scrollingElement;
  const boxes = root.querySelectorAll(".toolstrip, .topbar, .timeline, .train-body");
  const cut = [...boxes].filter((box) => box.scrollWidth > box.clientWidth
    || box.scrollHeight > box.clientHeight);
  return [page.scrollHeight, page.scrollWidth, view.right, view.bottom,
          cut.map((box) => box.className).join()];
}"""


def test_empty_states_teach(tab: Tab) -> None:
    assert "draw a stroke" in tab.find(".teach-note").inner_text()
    train = tab.find(".train .primary")
    assert train.get_attribute("aria-disabled") == "true"
    assert train.get_attribute("title") == "Draw strokes of two classes or more first"
    tab.find("#tab-rounds").click()
    assert "No rounds yet" in tab.find(".rounds-view").inner_text()
    tab.find("#tab-exports").click()
    assert "Nothing exported yet" in tab.find(".exports-view").inner_text()
    tab.find("#tab-annotate").click()
    tab.draw((60, 60), (200, 60)).idle()
    assert tab.find(".teach-note").is_hidden()


def test_everything_that_can_be_pressed_has_a_name(tab: Tab) -> None:
    nameless = tab.page.evaluate(
        """() => {
          const named = (item) => item.getAttribute("aria-label") || item.title
            || item.textContent.trim();
          const items = document.querySelectorAll("#studio :is(button, input, select)");
          return [...items].filter((item) => !named(item)).map((item) => item.outerHTML);
        }"""
    )
    assert nameless == []
