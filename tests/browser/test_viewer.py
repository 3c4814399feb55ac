"""The scene in 3D beside the canvas: strokes show there, and clicks lead back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext

from app.viewer.stage import OPEN_SIZE
from app.workspace import Workspace
from tests.app.viewer import worlds
from tests.browser import clip, painted
from tests.browser.running import RunningStudio
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser
GROUND = clip.CLASSES.classes[1].colour
OPEN_CAMERA = (255, 122, 26)


@pytest.fixture
def viewed(workspace: Workspace, context: BrowserContext, studio: RunningStudio) -> Tab:
    """A tab that looks at a road in 3D: 64 x 48 points a frame."""
    worlds.give_scene(workspace)
    tab = Tab(context, studio.url).open()
    tab.press("v").until("s.view3d.state === 'ready'", seconds=60)
    tab.find(".viewer-frame").wait_for()
    drawn(tab, OPEN_CAMERA)
    return tab


def seen(tab: Tab, colour: tuple[int, int, int]) -> list[tuple[float, float]]:
    """Return the places of the window where the scene has about this colour."""
    box = tab.find(".viewer-body").bounding_box()
    assert box is not None
    picture = np.array(Image.open(io.BytesIO(tab.find(".viewer-body").screenshot())).convert("RGB"))
    row, column = np.nonzero(np.abs(picture.astype(int) - colour).max(axis=2) < 30)
    return [(box["x"] + x + 0.5, box["y"] + y + 0.5) for x, y in zip(column, row, strict=True)]


def drawn(tab: Tab, colour: tuple[int, int, int]) -> list[tuple[float, float]]:
    """Wait until the scene shows a colour, and return where."""
    for _ in range(100):
        found = seen(tab, colour)
        if len(found) > 40:
            return found
        tab.page.wait_for_timeout(200)
    raise TimeoutError(f"nothing in the scene is {colour}")


def test_a_stroke_shows_in_3d_and_a_click_on_it_leads_to_a_frame_and_pixel(viewed: Tab) -> None:
    assert len(seen(viewed, GROUND)) < 40
    viewed.press("2").draw((40, 200), (280, 200)).idle()
    places = drawn(viewed, GROUND)
    beside = max(places)  # the open camera may stand before the others
    viewed.page.mouse.click(beside[0] - 4, beside[1])
    viewed.find(".spot").wait_for(timeout=20_000)
    x, y = map(float, (viewed.find(".spot").get_attribute("data-xy") or "").split(","))
    assert 0 <= x <= clip.WIDTH
    assert clip.HEIGHT / 2 < y <= clip.HEIGHT  # the road is below the horizon
    assert viewed.state("shown") in [frame["id"] for frame in viewed.state("frames")]
    viewed.assert_clean()


def test_a_click_on_a_camera_opens_its_frame_and_closing_takes_the_scene_away(viewed: Tab) -> None:
    first, last = viewed.state("shown"), viewed.state("frames.at(-1).id")
    near = drawn(viewed, OPEN_CAMERA)
    viewed.press("End").until(f"s.shown === {last}")
    while np.mean(far := drawn(viewed, OPEN_CAMERA), axis=0)[1] > np.mean(near, axis=0)[1] - 10:
        viewed.page.wait_for_timeout(200)
    lens = np.array(max(far, key=lambda place: place[1]))  # the nearest to the one who looks
    x, y = lens + (np.mean(far, axis=0) - lens) / OPEN_SIZE  # closed, it is smaller
    viewed.press("Home").until(f"s.shown === {first}")
    while np.mean(drawn(viewed, OPEN_CAMERA), axis=0)[1] < np.mean(near, axis=0)[1] - 5:
        viewed.page.wait_for_timeout(200)
    viewed.page.mouse.click(float(x), float(y))
    viewed.until(f"s.shown === {last}")
    assert viewed.find(".spot").count() == 0  # a camera, not a point behind it
    viewed.idle().press("v")  # else a question about the view may come after its end
    assert viewed.find(".viewer").is_hidden()
    assert viewed.find(".viewer-frame").get_attribute("src") is None
    viewed.until("s.view3d.state === 'closed'")
    viewed.assert_clean()


def test_the_view_says_that_its_points_have_not_come_yet(
    workspace: Workspace, context: BrowserContext, studio: RunningStudio
) -> None:
    worlds.give_scene(workspace)
    tab = Tab(context, studio.url).open()
    held = tab.hold("**/viewer/*/?*")
    tab.press("v").until("s.view3d.state === 'ready'", seconds=60)
    note = tab.find(".viewer-note")
    note.wait_for()
    assert note.inner_text() == "Drawing the points…"
    (page,) = held
    page.continue_()
    note.wait_for(state="hidden")
    drawn(tab, OPEN_CAMERA)
    tab.assert_clean()


def test_predictions_as_colours_ask_for_a_round(viewed: Tab, workspace: Workspace) -> None:
    viewed.press("1").draw((20, 20), (40, 20)).press("2").draw((20, 150), (40, 150)).idle()
    viewed.find(".viewer-colouring").select_option("prediction")
    note = viewed.find(".viewer-note")
    note.wait_for()
    assert "No round has predicted anything" in note.inner_text()
    painted.round_of(workspace, painted.halves(0, 1))
    note.wait_for(state="hidden")
    drawn(viewed, GROUND)
    viewed.assert_clean()


def test_without_a_scene_the_view_says_how_to_make_one(tab: Tab) -> None:
    tab.press("v")
    tab.find(".viewer-message .button").wait_for()
    assert "Reconstruct" in tab.find(".viewer-message").inner_text()
    assert tab.find(".viewer-frame").get_attribute("src") is None
    tab.find(".viewer-message .button").click()
    tab.find(".dialog").wait_for()
    tab.press("Escape", "v")
    assert tab.find(".viewer").is_hidden()
