"""Strokes where they land in other frames, and places where they clash."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import BrowserContext

from app.workspace import Workspace
from tests.app.viewer import worlds
from tests.browser import clip, painted
from tests.browser.running import RunningStudio
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser
SHARE = """([name, red, green, blue]) => {
  const canvas = document.querySelector(`.layer.${name}`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let [like, any] = [0, 0];
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 200) continue;
    any += 1;
    const far = [red, green, blue].map((value, part) => Math.abs(value - data[at + part]));
    like += Math.max(...far) < 12;
  }
  return [like, any];
}"""
GROUND = (128, 64, 128)
THING = (220, 20, 60)


@pytest.fixture
def driven(workspace: Workspace, context: BrowserContext, studio: RunningStudio) -> Tab:
    """A tab on frames that drive along a road; the first one is shown."""
    worlds.give_scene(workspace)
    return Tab(context, studio.url).open()


def hatched(tab: Tab, colour: tuple[int, int, int]) -> int:
    """Return how many pixels of a colour are hatched; most of what is hatched must be of it."""
    if tab.find(".layer.ghosts").is_hidden():
        return 0
    like, everything = tab.page.evaluate(SHARE, ["ghosts", *colour])
    assert like <= everything
    return like


def until_hatched(tab: Tab, colour: tuple[int, int, int], *, there: bool = True) -> float:
    """Wait until a colour is hatched, or no longer, and return for how many seconds."""
    since = time.monotonic()
    while (hatched(tab, colour) > 200) is not there:
        assert time.monotonic() - since < 20, f"{colour} is{' not' if there else ''} hatched"
        tab.page.wait_for_timeout(20)
    return time.monotonic() - since


def test_a_stroke_is_hatched_in_other_frames_while_it_is_wanted(driven: Tab) -> None:
    driven.press("2").draw((40, 200), (280, 200)).idle()
    assert hatched(driven, GROUND) == 0  # its own frame has the stroke itself
    assert driven.ink((160, 200)) == (*GROUND, 255)
    driven.press("ArrowRight").idle()
    assert until_hatched(driven, GROUND) < 1
    assert driven.ink((160, 208))[3] == 0
    assert driven.ink((160, 20), layer="ghosts")[3] == 0  # not above the road
    shown = hatched(driven, GROUND)
    driven.press("+").idle()
    assert hatched(driven, GROUND) > shown * 1.2  # it is zoomed with the frame
    driven.press("f", "g").idle()
    assert hatched(driven, GROUND) == 0
    driven.reload()
    assert driven.find(".ghosts-toggle").get_attribute("aria-pressed") == "false"
    driven.press("g")
    until_hatched(driven, GROUND)
    driven.find('[data-class="1"] .eye').click()
    until_hatched(driven, GROUND, there=False)
    driven.assert_clean()


def test_a_late_answer_never_shows_on_another_frame(driven: Tab) -> None:
    driven.press("2").draw((40, 200), (280, 200)).idle()
    held = driven.hold("**/ghosts.png")
    driven.press("ArrowRight").until("s.shown === s.frames[1].id")
    while not held:
        driven.page.wait_for_timeout(10)
    driven.press("ArrowLeft").until("s.shown === s.frames[0].id")
    held[0].continue_()
    driven.idle()
    assert hatched(driven, GROUND) == 0
    driven.assert_clean()


def test_frames_say_what_they_gained_and_a_conflict_is_listed_visited_and_resolved(
    driven: Tab,
) -> None:
    driven.find(".conflicts-head").click()
    assert "No strokes disagree" in driven.find(".conflicts-message").inner_text()
    driven.press("2").draw((40, 200), (280, 200)).press("ArrowRight").idle()
    three = "document.querySelectorAll('.frame-row.gained').length === 3"  # then it is behind
    driven.page.wait_for_function(three)
    assert "gained from strokes of other frames" in (
        driven.find(".badge-gained").nth(1).get_attribute("title") or ""
    )
    driven.press("3").draw((160, 195), (165, 230)).press("End").idle()
    ends = driven.find(".conflict-end")
    ends.first.wait_for()
    assert driven.find(".conflicts-badge").inner_text() == "1"
    assert ends.all_inner_texts() == ["1\nground", "2\nthing"]
    ends.nth(1).click()
    driven.until("s.shown === s.frames[1].id")
    driven.find(".spot").wait_for()
    x, y = map(float, (driven.find(".spot").get_attribute("data-xy") or "").split(","))
    assert 150 < x < 175
    assert 185 < y < 240
    driven.press("e", *"]]]]]]").draw((160, 185), (166, 239)).idle()
    driven.find(".conflict").wait_for(state="detached")
    assert driven.find(".conflicts-badge").inner_text() == "0"
    driven.assert_clean()


def test_many_conflicts_leave_room_for_the_classes(driven: Tab) -> None:
    driven.page.set_viewport_size({"width": 1180, "height": 760})
    driven.find(".conflicts-head").click()
    driven.page.evaluate(
        """async () => {
          const { change, state } = await import("/static/state.js");
          const frames = state.frames.slice(0, 2).map((frame) => frame.id);
          const conflict = { classes: [1, 2], frames, xy: [[90, 90], [90, 90]], cells: 9 };
          const conflicts = [...Array(20).keys()].map((id) => ({ ...conflict, id: String(id) }));
          change("gains", { gains: { ...state.gains, conflicts } });
        }"""
    )
    assert driven.find(".conflict").count() == 20
    row = driven.find(".class-row").first.bounding_box()
    palette = driven.find(".class-list").bounding_box()
    assert row is not None
    assert palette is not None
    assert palette["height"] > 3.5 * row["height"]


def test_depth_and_its_confidence_lie_over_the_frames_that_have_them(
    workspace: Workspace, driven: Tab
) -> None:
    driven.press("1").draw((20, 20), (40, 20)).press("2").draw((20, 150), (40, 150)).idle()
    painted.round_of(workspace, painted.halves(0, 1))
    driven.until("s.frames.every((frame) => frame.predicted)")
    driven.idle()
    assert driven.ink((60, 200), layer="overlay") == (70, 130, 180, 255)
    assert driven.find(".over-legend").is_hidden()
    driven.find(".over-choice").select_option("depth")
    driven.find(".over-legend").wait_for()
    driven.idle()
    near, far = (driven.ink((160, y), layer="overlay") for y in (238, 128))
    assert near[0] > far[0] + 100  # warm: the road before the camera
    assert driven.ink((160, 2), layer="overlay")[3] == 0  # the sky has no depth
    assert driven.find(".note.age").is_hidden()
    depth = driven.ink((60, 200), layer="overlay")
    driven.find(".over-choice").select_option("reconstruction")
    assert "unsure" in driven.find(".over-legend").inner_text()
    driven.idle()
    assert driven.ink((60, 200), layer="overlay") not in (depth, (70, 130, 180, 255))
    driven.find(".over-choice").select_option("prediction")
    driven.idle()
    assert driven.ink((60, 200), layer="overlay") == (70, 130, 180, 255)
    driven.assert_clean()


def test_a_frame_without_geometry_says_so_in_place_of_its_depth(
    workspace: Workspace, driven: Tab
) -> None:
    driven.find(".over-choice").select_option("depth")
    last = clip.frame_ids(workspace)[-1]
    script = "import('/static/scenedata.js').then((m) => (m.geometryOf(%d).backend = null))"
    driven.page.evaluate(script % last)
    driven.press("End").until(f"s.shown === {last}")
    assert "No depth. 2D only" in driven.find(".over-legend").inner_text()
    assert driven.find(".layer.overlay").first.is_hidden()
    driven.assert_clean()
