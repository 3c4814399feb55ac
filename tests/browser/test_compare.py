"""Two rounds side by side: in a table by class, and on the canvas at both sides of a bar."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from annotations import classes
from app.schema import rounds
from app.workspace import Workspace
from tests.browser.painted import begun_round, finish_round, halves, publish, round_of
from tests.browser.tab import Place, Tab

pytestmark = pytest.mark.browser
SKY = (70, 130, 180, 255)
GROUND = (128, 64, 128, 255)
THING = (220, 20, 60, 255)
NOTHING = (0, 0, 0, 0)


@pytest.fixture
def two(tab: Tab, workspace: Workspace) -> Tab:
    """A tab on two rounds: one is all sky, the other all ground, with another fourth class."""
    tab.press("1").draw((20, 30), (300, 30)).press("2").draw((20, 60), (300, 60)).idle()
    round_of(workspace, halves(0, 0))
    with workspace.write() as conn:
        classes.delete_class(conn, 3, author="annotator")
        classes.add_class(conn, "pole", (1, 2, 3), author="annotator")
    with begun_round(workspace) as (number, claim):
        publish(workspace, claim, number, halves(1, 1))
        finish_round(workspace, claim, miou=0.75)
        with workspace.write() as conn:
            conn.execute(update(rounds).where(rounds.c.number == number).values(scores=SCORES))
    tab.until("s.rounds[0]?.number === 2 && s.rounds[0].state === 'done' && s.activeRound === 1")
    return tab.idle()


SCENE = "{ scenes: [{ number: 1, report: { per_frame: [] } }], activeScene: 1 }"
SCORES = {"miou": 0.75, "accuracy": 0.9, "iou": {"sky": 0.25, "pole": 0.5}, "pixels": 1234}


def compare(tab: Tab) -> Tab:
    tab.find("#tab-rounds").click()
    tab.find("[data-round='2']").click()
    tab.find(".compare-head select").select_option("1")
    tab.find(".compare-mean").wait_for()
    return tab


def swipe(tab: Tab) -> Tab:
    compare(tab).find(".compare-head .button").click()
    tab.find(".swipe-bar").wait_for()
    return tab.idle()


def shown(tab: Tab, place: Place) -> str:
    """Return which of the two overlays is seen at a place of the image."""
    return tab.page.evaluate(
        """([x, y]) => {
          const seen = (layer) => {
            const [, right, , left] = layer.style.clipPath.match(/-?[\\d.]+/g).map(Number);
            const at = (x * layer.width) / 320;
            const there = !layer.hidden && !layer.classList.contains("empty");
            return there && at > left && at < layer.width - right;
          };
          const layers = [...document.querySelectorAll(".layer.overlay")].filter(seen);
          return layers.map((layer) => (layer.matches(".beside") ? "right" : "left")).join();
        }""",
        list(place),
    )


def test_classes_are_compared_by_their_ids(two: Tab) -> None:
    compare(two)
    rows = [row.split("\t") for row in two.find(".compare-table tbody tr").all_inner_texts()]
    found = {name.strip(): cells for name, *cells in rows}
    assert found["sky"] == ["25.0 %", "50.0 %", "−25.0", "–"]
    assert found["pole"] == ["50.0 %", "–", "–", "–"]
    assert found["Mean"][:3] == ["75.0 %", "50.0 %", "+25.0"]
    assert len(found) == 6  # two rounds of four classes share three
    titles = two.find(".compare-table td[title]").evaluate_all("all => all.map((td) => td.title)")
    assert "Round 1 does not have this class" in titles
    assert "Round 2 does not have this class" in titles
    two.find(".compare-head select").select_option("")
    two.find(".score-row").first.wait_for()
    assert two.find(".compare-head .button").get_attribute("aria-disabled") == "true"


def test_a_bar_lies_between_two_rounds(two: Tab) -> None:
    swipe(two)
    left, right = (40, 120), (280, 120)
    assert (shown(two, left), shown(two, right)) == ("left", "right")
    assert two.ink(left, layer="overlay") == GROUND
    assert two.ink(right, layer="beside") == SKY
    assert two.find(".swipe-name").all_inner_texts() == ["Round 2, Quick", "Round 1, Quick"]
    assert "Round 2 and round 1" in two.find(".note.age").inner_text()
    bar = two.find(".swipe-bar")
    box = bar.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + 40)
    two.drag([middle, (two.client((300, 120))[0], middle[1])])
    assert shown(two, (280, 120)) == "left"
    two.press("Home")
    assert shown(two, left) == "right"
    two.press("ArrowRight", "Shift+ArrowRight")
    assert bar.get_attribute("aria-valuenow") == "12"
    assert two.state("frameIndex.get(window.rewis3d.state.shown)") == 0  # not the frames' keys


def test_the_bar_goes_with_frames_zoom_classes_and_opacity(two: Tab) -> None:
    swipe(two)
    two.find(".stage").focus()
    two.press("d", "+").idle()
    assert two.state("frameIndex.get(window.rewis3d.state.shown)") == 1
    edge = two.state("swipe.at")
    assert (shown(two, (edge - 2, 120)), shown(two, (edge + 2, 120))) == ("left", "right")
    bar = two.find(".swipe-bar").bounding_box()
    assert bar is not None
    assert two.client((edge, 0))[0] == pytest.approx(bar["x"] + bar["width"] / 2, abs=1)
    two.page.mouse.move(*two.client((edge + 20, 120)))
    two.page.wait_for_function(
        "document.querySelector('.note.readout').textContent.includes('sky')"
    )
    two.find("[data-class='0'] .eye").click()
    two.idle()
    assert two.ink((edge + 20, 120), layer="beside") == NOTHING
    assert two.ink((edge - 20, 120), layer="overlay") == GROUND
    two.find(".slider[aria-label='Opacity of the overlay']").fill("80")
    opacity = "all => all.map((layer) => getComputedStyle(layer).opacity)"
    assert two.find(".layer.overlay").evaluate_all(opacity) == ["0.8", "0.8"]


def test_a_swipe_leaves_nothing_behind(two: Tab) -> None:
    for way in ("Escape on the bar", "Escape on the canvas", "End", "Depth"):
        swipe(two)
        if way == "End":
            two.find(".note.age .button").click()
        elif way == "Depth":  # something else is to lie over the image
            two.page.evaluate(f"Object.assign(window.rewis3d.state, {SCENE})")
            two.page.evaluate("import('/static/state.js').then((m) => m.prefer({ over: 'depth' }))")
        else:
            if way == "Escape on the canvas":
                two.find(".stage").focus()
            two.press("Escape")
        two.until("s.swipe === null")
        assert two.find(".swipe").is_hidden(), way
        assert two.find(".layer.overlay.beside[hidden]").count() == 1
        assert two.find(".layer.overlay").first.evaluate("layer => layer.style.clipPath") == ""
    two.page.evaluate("import('/static/state.js').then((m) => m.prefer({ over: 'prediction' }))")
    two.idle()
    assert two.ink((280, 120), layer="overlay") == SKY  # of the active round
    two.press("d").idle()
    assert two.state("frameIndex.get(window.rewis3d.state.shown)") == 1
