from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from annotations import classes, store
from app.viewer.messages import (
    Answer,
    Appearance,
    Changed,
    Clicked,
    Close,
    Look,
    Open,
    Opened,
    Show,
    Shown,
)
from app.viewer.picking import Ray
from app.viewer.project import Project
from app.viewer.session import Session, TabHit
from app.viewer.stage import FrustumHit, Stage
from app.workspace import Workspace
from tests.app import judged, samples
from tests.app.viewer import worlds

STROKES = Appearance(colouring="strokes", confidence=0.0)
THING = np.array(samples.CLASSES.classes[1].colour)


class FakeStage(Stage):
    """Keeps what it was told to show."""

    def __init__(self, on_hit: Callable[[Any], None]) -> None:
        self.on_hit = on_hit
        self.closed, self.builds, self.colourings = False, 0, 0
        self.scene: Any = None
        self.open: int | None = None

    @property
    def port(self) -> int:
        return 4000

    def close(self) -> None:
        self.closed = True

    def clear(self) -> None:
        self.scene = None

    def build(self, scene: Any, xyz: np.ndarray, **_: Any) -> None:
        self.scene, self.xyz, self.builds = scene, xyz, self.builds + 1

    def dress(self, *, dark: bool) -> None:
        self.dark = dark

    def show_cameras(self, visible: bool) -> None:
        self.cameras = visible

    def colour(self, colours: np.ndarray, *, point_size: float) -> None:
        self.colours, self.point_size, self.colourings = colours, point_size, self.colourings + 1

    def show_points(self, xyz: np.ndarray, shown: np.ndarray) -> None:
        assert len(xyz) == len(shown)
        self.shown = shown

    def show_ink(self, xyz: np.ndarray, colours: np.ndarray, *, point_size: float) -> None:
        self.ink, self.ink_colours, self.ink_size = xyz, colours, point_size

    def open_frame(self, frame_id: int | None) -> bool:
        self.open = frame_id
        return self.scene is not None and self.scene.view(frame_id) is not None

    def flush(self) -> None:
        pass


class Desk:
    """A session, what it answered, and the stages it made."""

    def __init__(self, project: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stages: list[FakeStage] = []
        self.answers: list[Answer] = []
        monkeypatch.setattr("app.viewer.session.Stage", self._make)
        self.hits: list[TabHit] = []
        self.session = Session(
            Project(project), answer=self.answers.append, on_hit=self.hits.append, key="key"
        )

    def _make(self, on_hit: Callable[[Any], None]) -> FakeStage:
        self.stages.append(FakeStage(on_hit))
        return self.stages[-1]

    def say(self, *messages: Any) -> list[Answer]:
        """Handle messages, do all the work, draw, and return what was answered."""
        self.answers.clear()
        for message in messages:
            self.session.handle(message)
        while True:
            self.session.draw()
            if not self.session.busy:
                break
            self.session.work()
        self.session.draw()
        return list(self.answers)


@pytest.fixture
def desk(project: Workspace, monkeypatch: pytest.MonkeyPatch) -> Desk:
    worlds.give_scene(project)
    return Desk(project, monkeypatch)


@pytest.fixture
def frames(project: Workspace) -> list[int]:
    return samples.frame_ids(project)


def coloured(stage: FakeStage, colour: np.ndarray) -> int:
    return int((stage.colours == colour).all(axis=1).sum())


def draw_thing(project: Workspace, frame: int) -> None:
    samples.draw(project, samples.stroke(frame, 1, (10.0, 35.0), (50.0, 35.0), width=8.0))


def test_a_tab_is_told_where_its_scene_is_and_what_it_shows(desk: Desk, frames: list[int]):
    answers = desk.say(Open("one", frames[1], STROKES))
    assert answers[0] == Opened("one", 4000, "key")
    points = len(desk.stages[0].xyz)
    assert answers[1:] == [Shown("one", (4,), 0, points, True)]
    assert desk.stages[0].open == frames[1]


def test_a_stroke_recolours_every_tab(desk: Desk, project: Workspace, frames: list[int]):
    desk.say(Open("one", frames[0], STROKES), Open("two", frames[0], STROKES))
    assert coloured(desk.stages[0], THING) == 0
    draw_thing(project, frames[0])
    desk.say(Changed("stroke", frames[0]))
    for stage in desk.stages:
        assert coloured(stage, THING) > 300
        assert len(stage.ink) > 100
        assert stage.builds == 1
    with project.write() as conn:
        store.undo(conn, author="ann", client="x")
    desk.say(Changed("stroke", frames[0]))
    assert coloured(desk.stages[0], THING) == 0


def test_strokes_that_are_there_already_show(desk: Desk, project: Workspace, frames: list[int]):
    draw_thing(project, frames[3])
    desk.say(Open("one", frames[0], STROKES))
    assert coloured(desk.stages[0], THING) > 300


def test_nothing_is_drawn_for_a_change_that_shows_nowhere(desk: Desk, frames: list[int]):
    desk.say(Open("one", frames[0], STROKES))
    before = desk.stages[0].colourings
    desk.say()
    assert desk.stages[0].colourings == before


def test_classes_change_their_colours(desk: Desk, project: Workspace, frames: list[int]):
    draw_thing(project, frames[0])
    desk.say(Open("one", frames[0], STROKES))
    with project.write() as conn:
        classes.recolour_class(conn, 1, (1, 2, 3), author="ann")
    desk.say(Changed("class"))
    assert coloured(desk.stages[0], np.array([1, 2, 3])) > 300
    with project.write() as conn:
        classes.delete_class(conn, 1, author="ann")
    desk.say(Changed("class"))
    assert coloured(desk.stages[0], np.array([1, 2, 3])) == 0


def test_a_tab_s_own_look_is_its_own(desk: Desk, frames: list[int]):
    desk.say(Open("one", frames[0], STROKES), Open("two", frames[0], STROKES))
    look = Appearance(colouring="confidence", confidence=0.8, cameras=False, size=2.0, dark=True)
    desk.say(Look("two", look))
    one, two = desk.stages
    assert one.shown.all()
    assert not two.shown.all()
    assert (one.dark, two.dark) == (False, True)
    assert (one.cameras, two.cameras) == (True, False)
    assert two.point_size == 2 * one.point_size


def test_predictions_show_and_follow_the_active_round(
    desk: Desk, project: Workspace, frames: list[int]
):
    look = Appearance(colouring="prediction", confidence=0.0)
    desk.say(Open("one", frames[0], look))
    assert coloured(desk.stages[0], THING) == 0
    samples.label_all(project)
    judged.predicted_round(project, {index: samples.truth(index) for index in range(4)})
    desk.say(Changed("active"))
    assert coloured(desk.stages[0], THING) > 300


def test_a_new_scene_takes_the_place_of_the_old_one(
    desk: Desk, project: Workspace, frames: list[int]
):
    desk.say(Open("one", frames[3], STROKES))
    worlds.give_scene(project, pieces=2)
    answers = desk.say(Changed("scene"), Show("one", frame=frames[3]))
    assert isinstance(answers[-1], Shown)
    assert (answers[-1].pieces, answers[-1].piece, answers[-1].registered) == ((2, 2), 1, True)
    assert desk.stages[0].builds == 2


def test_a_tab_may_look_at_another_piece_than_its_frame_s(
    desk: Desk, project: Workspace, frames: list[int]
):
    worlds.give_scene(project, pieces=2)
    desk.say(Open("one", frames[0], STROKES))
    answers = desk.say(Show("one", piece=1))
    assert answers == [Shown("one", (2, 2), 1, len(desk.stages[0].xyz), False)]


def test_without_a_scene_there_is_nothing_to_see(
    project: Workspace, monkeypatch: pytest.MonkeyPatch, frames: list[int]
):
    desk = Desk(project, monkeypatch)
    assert desk.say(Open("one", frames[0], STROKES))[-1] == Shown("one", (), 0, 0, False)
    worlds.give_scene(project)
    answers = desk.say(Changed("scene"))
    assert isinstance(answers[-1], Shown)
    assert answers[-1].points > 0


def test_a_scene_that_cannot_be_read_is_said(desk: Desk, project: Workspace, frames: list[int]):
    next(project.path("scenes/0001/views").glob("*.depth.npy")).unlink()
    answers = desk.say(Open("one", frames[0], STROKES))
    assert isinstance(answers[-1], Shown)
    assert "depth.npy" in answers[-1].line
    assert answers[-1].points == 0


def test_clicks_are_the_tab_s_own(desk: Desk, frames: list[int]):
    desk.say(Open("one", frames[0], STROKES), Open("two", frames[0], STROKES))
    desk.stages[1].on_hit(FrustumHit(frames[2]))
    assert desk.hits == [TabHit("two", FrustumHit(frames[2]))]
    assert desk.say(*desk.hits) == [Clicked("two", frames[2], None)]


def test_a_clicked_point_leads_to_a_frame_and_pixel_that_show_it(desk: Desk, frames: list[int]):
    desk.say(Open("one", frames[0], STROKES))
    stage = desk.stages[0]
    target = stage.xyz[len(stage.xyz) // 3].astype(np.float64)
    eye = np.array([0.0, -0.2, -3.0])
    answers = desk.say(TabHit("one", Ray(eye, target - eye, 0.001)))
    assert len(answers) == 1
    clicked = answers[0]
    assert isinstance(clicked, Clicked)
    assert clicked.frame in frames
    assert clicked.xy is not None
    assert 0 <= clicked.xy[0] <= 64
    assert 0 <= clicked.xy[1] <= 48
    assert desk.say(TabHit("one", Ray(eye, np.array([0.0, -1.0, 0.0]), 0.001))) == []


def test_a_closed_tab_hears_nothing(desk: Desk, frames: list[int]):
    desk.say(Open("one", frames[0], STROKES), Close("one"))
    assert desk.stages[0].closed
    assert desk.say(TabHit("one", FrustumHit(frames[2])), Show("one", frame=frames[1])) == []
