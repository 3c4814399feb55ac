"""What a hand draws is shown at once, kept exactly, and found again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from jaxtyping import Float

from annotations.types import ERASER, IGNORE
from app.workspace import Workspace
from tests.browser.clip import strokes_on
from tests.browser.tab import Place, Tab

pytestmark = pytest.mark.browser
SKY = (70, 130, 180, 255)
THING = (220, 20, 60, 255)


def distance(xy: Float[np.ndarray, "2"], path: Float[np.ndarray, "p 2"]) -> float:
    """Return how far a place is from a polyline."""
    best = np.inf
    for start, end in pairwise(path):
        along = np.dot(xy - start, end - start) / max(np.dot(end - start, end - start), 1e-9)
        best = min(best, float(np.linalg.norm(start + np.clip(along, 0, 1) * (end - start) - xy)))
    return best


def test_a_stroke_is_inked_at_once_and_on_disk_when_the_tick_shows(
    tab: Tab, workspace: Workspace
) -> None:
    tab.press("3")
    tab.draw((60, 60), (200, 60), then=lambda: check(tab.ink((100, 60), layer="hand") == THING))
    tab.idle()
    assert tab.save_state() == "saved"
    assert tab.ink((100, 60)) == THING
    assert tab.ink((100, 60), layer="hand")[3] == 0
    (stroke,) = strokes_on(workspace)
    assert (stroke.class_id, stroke.width) == (2, 8)
    assert tab.find(".frame-row[aria-selected=true] .frame-strokes").inner_text() == "1"


def check(condition: bool) -> None:
    assert condition


def test_a_path_is_kept_within_half_a_pixel_after_zoom_and_pan(
    tab: Tab, workspace: Workspace
) -> None:
    tab.page.mouse.move(*tab.client((200, 90)))
    tab.page.mouse.wheel(0, -500)
    tab.idle()
    x, y = tab.client((200, 90))
    tab.page.keyboard.down(" ")
    tab.drag([(x, y), (x - 37, y + 23)])
    tab.page.keyboard.up(" ")
    tab.idle()
    assert tab.client((200, 90)) == pytest.approx((x - 37, y + 23), abs=1.5)
    drawn: list[Place] = [(170, 70), (190, 100), (215, 75), (230, 110)]
    tab.draw(*drawn).idle()
    (stroke,) = strokes_on(workspace)
    assert all(distance(np.array(place), stroke.xy) < 0.5 for place in drawn)
    assert all(distance(xy, np.array(drawn)) < 0.5 for xy in stroke.xy)
    assert len(stroke.xy) < 12  # simplified: four corners were drawn, in 18 moves


def test_the_wheel_keeps_the_place_under_the_cursor(tab: Tab) -> None:
    before = tab.client((250, 40))
    tab.page.mouse.move(*before)
    tab.page.mouse.wheel(0, -700)
    tab.idle()
    assert tab.client((250, 40)) == pytest.approx(before, abs=1.5)
    assert tab.page.evaluate("window.rewis3d.viewport.scale") > 5
    tab.press("f").idle()
    assert tab.client((250, 40)) == pytest.approx(before, abs=0.5)


def test_the_eraser_takes_away_what_was_painted_before_it(tab: Tab, workspace: Workspace) -> None:
    tab.press("3").draw((60, 60), (200, 60))
    tab.press("e").draw((130, 40), (130, 80), then=lambda: check(tab.ink((130, 60))[3] == 0))
    tab.idle()
    assert tab.ink((130, 60))[3] == 0
    assert tab.ink((100, 60)) == THING
    assert [stroke.class_id for stroke in strokes_on(workspace)] == [2, ERASER]
    tab.reload()
    assert tab.ink((130, 60))[3] == 0
    assert tab.ink((100, 60)) == THING


def test_points_and_the_ignore_brush(tab: Tab, workspace: Workspace) -> None:
    tab.press("p", "1").draw((40, 40), (90, 90)).press("i").draw((20, 200), (120, 200)).idle()
    point, ignored = strokes_on(workspace)
    assert point.class_id == 0
    assert point.xy == pytest.approx(np.array([[40, 40]]), abs=0.5)
    assert ignored.class_id == IGNORE
    assert tab.ink((40, 40)) == SKY
    tab.press("2")  # a class key leaves the ignore brush
    assert tab.state("tool") == "brush"


def test_shift_draws_a_straight_line_and_escape_gives_up(tab: Tab, workspace: Workspace) -> None:
    tab.page.keyboard.down("Shift")
    tab.draw((30, 30), (90, 110), (180, 50))
    tab.page.keyboard.up("Shift")
    tab.draw((30, 200), (200, 200), then=lambda: check(bool(tab.press("Escape"))))
    tab.idle()
    (stroke,) = strokes_on(workspace)
    assert stroke.xy == pytest.approx(np.array([[30, 30], [180, 50]]), abs=0.5)
    assert tab.ink((100, 200), layer="hand")[3] == 0


def test_brush_sizes_and_colours_follow_the_controls(tab: Tab, workspace: Workspace) -> None:
    tab.press("]", "]", "2").draw((60, 60), (100, 60)).idle()
    tab.press("[").draw((60, 100), (100, 100)).idle()
    wide, narrow = strokes_on(workspace)
    assert wide.width > narrow.width > 8 - 1
    assert wide.class_id == 1
    edge = wide.width / 2
    assert tab.ink((80, 60 + edge - 1))[3] == 255
    assert tab.ink((80, 60 + edge + 1))[3] == 0


def test_a_stroke_beside_the_image_is_not_kept(tab: Tab, workspace: Workspace) -> None:
    tab.press("-", "-").idle().draw((-25, 100), (-12, 150)).idle()
    assert strokes_on(workspace) == []
    tab.draw((-8, 120), (40, 120)).idle()  # one that enters it is
    assert len(strokes_on(workspace)) == 1


def test_strokes_come_back_after_a_reload_on_the_frame_that_was_open(tab: Tab) -> None:
    tab.press("d", "d").idle()
    tab.press("3").draw((60, 60), (200, 60)).idle()
    tab.reload()
    assert tab.find(".timeline-place").inner_text().startswith("3 / 6")
    assert tab.ink((100, 60)) == THING


def test_two_fingers_zoom_and_draw_nothing(tab: Tab, workspace: Workspace) -> None:
    script = """() => {
      const stage = document.querySelector(".stage"), box = stage.getBoundingClientRect();
      const send = (type, pointerId, x, y) => stage.dispatchEvent(new PointerEvent(type, {
        pointerId, pointerType: "touch", clientX: box.left + x, clientY: box.top + y,
        button: type === "pointermove" ? -1 : 0, buttons: 1, bubbles: true }));
      send("pointerdown", 11, 300, 300); send("pointerdown", 12, 360, 300);
      send("pointermove", 11, 240, 300); send("pointermove", 12, 420, 300);
      send("pointerup", 11, 240, 300); send("pointerup", 12, 420, 300);
    }"""
    before = tab.page.evaluate("window.rewis3d.viewport.scale")
    tab.page.evaluate(script)
    tab.idle()
    assert tab.page.evaluate("window.rewis3d.viewport.scale") == pytest.approx(3 * before)
    assert strokes_on(workspace) == []
