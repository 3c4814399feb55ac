"""The viewer's work: keeps every tab's scene up to date with the project and answers its clicks.

One thread handles messages and draws. What takes long (strokes of many frames, predictions) is
done in short turns, so that a stroke that is just being drawn does not wait behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from annotations.types import AnnotationError
from app.errors import StudioError
from app.viewer.choice import MOST
from app.viewer.messages import (
    Answer,
    Appearance,
    Changed,
    Clicked,
    Close,
    Look,
    Open,
    Opened,
    Request,
    Show,
    Shown,
)
from app.viewer.picking import Ray, best_sight, nearest
from app.viewer.piece import Piece, make_piece
from app.viewer.project import Predicted, Project
from app.viewer.stage import FrustumHit, Hit, Stage
from rewis3d.scene import Scene
from rewis3d.types import Rewis3dError

TURN_SECONDS: Final = 0.3
"""How long work in the background goes on before messages are looked at again."""


@dataclass(frozen=True, slots=True)
class TabHit:
    """A click in a tab's scene."""

    tab: str
    hit: Hit


@dataclass(eq=False, slots=True)
class _Tab:
    stage: Stage
    appearance: Appearance
    frame: int | None
    piece: int = 0
    stale: set[str] = field(default_factory=lambda: {"scene"})
    """What must be drawn anew: "scene", "colours", "frame"."""


class Session:
    """All tabs of one project. Call `handle`, `work` and `draw` from one thread."""

    def __init__(
        self,
        project: Project,
        *,
        answer: Callable[[Answer], None],
        on_hit: Callable[[TabHit], None],
        key: str,
        most: int = MOST,
    ) -> None:
        self._project = project
        self._answer = answer
        self._on_hit = on_hit
        self._key = key
        self._most = most
        self._tabs: dict[str, _Tab] = {}
        self._scenes: list[Scene] | None = None
        """None: to be read."""
        self._line = ""
        self._pieces: dict[int, Piece] = {}
        self._frames = project.frames()
        self._classes = project.class_map()
        self._predicted: Predicted | None = project.predicted()

    def handle(self, message: Request | TabHit) -> None:
        """Take a message; what it changes is drawn by the next `draw`."""
        match message:
            case Open():
                self._open(message)
            case Close():
                tab = self._tabs.pop(message.tab, None)
                if tab is not None:
                    tab.stage.close()
            case Show() if message.tab in self._tabs:
                self._show(self._tabs[message.tab], message)
            case Look() if message.tab in self._tabs:
                tab = self._tabs[message.tab]
                tab.appearance = message.appearance
                tab.stale.add("colours")
            case Changed():
                self._change(message)
            case TabHit() if message.tab in self._tabs:
                self._click(message.tab, message.hit)

    def _open(self, message: Open) -> None:
        tab = self._tabs.get(message.tab)
        if tab is None:
            name = message.tab
            stage = Stage(lambda hit: self._on_hit(TabHit(name, hit)))
            tab = self._tabs[name] = _Tab(stage, message.appearance, message.frame)
        tab.appearance = message.appearance
        tab.stale |= {"colours"}
        self._answer(Opened(message.tab, tab.stage.port, self._key))
        self._show(tab, Show(message.tab, message.frame))

    def _show(self, tab: _Tab, message: Show) -> None:
        if message.frame is not None:
            tab.frame = message.frame
            wanted = self._piece_of(message.frame)
        else:
            wanted = message.piece
        tab.stale.add("frame")
        if wanted is not None and wanted != tab.piece:
            tab.piece = wanted
            tab.stale.add("scene")

    def _piece_of(self, frame_id: int) -> int | None:
        for index, scene in enumerate(self._read_scenes()):
            if scene.view(frame_id) is not None:
                return index
        return None

    def _change(self, message: Changed) -> None:
        if message.what == "scene":
            self._scenes = None
            self._pieces.clear()
            self._frames = self._project.frames()
            self._stale("scene")
        elif message.what == "class":
            self._classes = self._project.class_map()
            labelled = self._project.labelled()
            for piece in self._pieces.values():
                piece.forget_labels(labelled)
            self._stale("colours")
        elif message.what == "stroke":
            for piece in self._pieces.values():
                piece.waiting.update([message.frame] if message.frame else self._project.labelled())
        else:
            self._predicted = self._project.predicted()
            for piece in self._pieces.values():
                piece.predictions.forget(message.frame if message.what == "prediction" else None)
            self._stale("colours")

    def _stale(self, what: str) -> None:
        for tab in self._tabs.values():
            tab.stale.add(what)

    def _click(self, name: str, hit: Hit) -> None:
        tab = self._tabs[name]
        if isinstance(hit, FrustumHit):
            self._answer(Clicked(name, hit.frame_id, None))
            return
        piece = self._piece(tab)
        row = None if piece is None else self._hit_row(piece, tab, hit)
        if piece is not None and row is not None:
            sight = best_sight(piece.scene, piece.cloud, row)
            self._answer(Clicked(name, sight.frame_id, sight.xy))

    def _hit_row(self, piece: Piece, tab: _Tab, ray: Ray) -> int | None:
        shown = piece.shown(tab.appearance, self._classes)
        return nearest(piece.cloud.points.xyz, shown, ray)

    @property
    def busy(self) -> bool:
        """Whether `work` has something to do."""
        return any(self._next_work(piece) for piece in self._used())

    def work(self, seconds: float = TURN_SECONDS) -> None:
        """Read strokes and predictions that wait, for about so long."""
        until = time.monotonic() + seconds
        for piece in self._used():
            while (todo := self._next_work(piece)) and time.monotonic() < until:
                todo()

    def _used(self) -> list[Piece]:
        used = {tab.piece for tab in self._tabs.values()}
        return [piece for index, piece in self._pieces.items() if index in used]

    def _next_work(self, piece: Piece) -> Callable[[], None] | None:
        if piece.waiting:
            return lambda: self._read_strokes(piece, piece.waiting.pop())
        predicted = self._predicted
        looked_at = any(tab.appearance.colouring == "prediction" for tab in self._tabs.values())
        if predicted is None or not looked_at:
            return None
        unread = piece.predictions.unread(predicted)
        return (lambda: self._read_prediction(piece, predicted, unread[0])) if unread else None

    def _read_strokes(self, piece: Piece, frame_id: int) -> None:
        frame = self._frames.get(frame_id)
        if frame is None or piece.scene.view(frame_id) is None:
            return
        mask = self._project.mask(frame, self._classes)
        if piece.put_strokes(frame_id, mask, classes=self._classes):
            self._stale("colours")

    def _read_prediction(self, piece: Piece, predicted: Predicted, place: int) -> None:
        frame = self._frames[piece.scene.views[place].frame_id]
        piece.predictions.read(place, self._project, predicted, frame, self._classes)
        self._stale("colours")

    def draw(self) -> None:
        """Send every tab what has changed for it."""
        for name, tab in self._tabs.items():
            if not tab.stale:
                continue
            piece = self._piece(tab)
            if piece is None:
                tab.stage.clear()
            elif "scene" in tab.stale:
                self._build(piece, tab)
            if piece is not None and tab.stale & {"scene", "colours"}:
                self._recolour(piece, tab)
            registered = tab.stage.open_frame(tab.frame)
            tab.stage.flush()
            if tab.stale & {"scene", "frame"}:
                self._tell(name, tab, piece, registered)
            tab.stale.clear()

    def _build(self, piece: Piece, tab: _Tab) -> None:
        pictures = self._project.thumbnails()
        xyz, centre = piece.cloud.points.xyz, piece.cloud.centre
        tab.stage.build(piece.scene, xyz, centre=centre, depth=piece.depth, pictures=pictures)

    def _recolour(self, piece: Piece, tab: _Tab) -> None:
        look = tab.appearance
        size = look.size * piece.cloud.spacing
        tab.stage.dress(dark=look.dark)
        tab.stage.show_cameras(look.cameras)
        tab.stage.colour(piece.colours(look, self._classes), point_size=size)
        tab.stage.show_points(piece.cloud.points.xyz, piece.shown(look, self._classes))
        tab.stage.show_ink(*piece.ink(look, self._classes), point_size=size)

    def _tell(self, name: str, tab: _Tab, piece: Piece | None, registered: bool) -> None:
        counts = tuple(len(scene.views) for scene in self._read_scenes())
        points = 0 if piece is None else len(piece.cloud)
        self._answer(Shown(name, counts, tab.piece, points, registered, self._line))

    def _read_scenes(self) -> list[Scene]:
        if self._scenes is None:
            self._scenes, self._line = [], ""
            try:
                number = self._project.scene_number()
                self._scenes = [] if number is None else self._project.pieces(number)
            except (Rewis3dError, StudioError, AnnotationError) as error:
                self._line = str(error)
        return self._scenes

    def _piece(self, tab: _Tab) -> Piece | None:
        scenes = self._read_scenes()
        if not scenes:
            return None
        tab.piece = min(tab.piece, len(scenes) - 1)
        if tab.piece not in self._pieces:
            self._pieces[tab.piece] = self._make(scenes[tab.piece])
        return self._pieces[tab.piece]

    def _make(self, scene: Scene) -> Piece:
        def image_of(frame_id: int) -> Path | None:
            frame = self._frames.get(frame_id)
            return None if frame is None else self._project.image(frame)

        piece = make_piece(scene, image_of, most=self._most)
        piece.waiting = set(self._project.labelled())
        return piece
