"""What strokes of other frames say here, for the page: quick where someone waits, the rest later.

A frame's ghosts are made when it is shown: what each other frame carries to it is kept, so that a
stroke costs what its own frame carries. Which frames gained and where strokes clash takes all pairs
of frames: a thread works that out and the last result is given until the next one is there.

Strokes of reserved frames are carried nowhere, neither to show nor to train on: what is known of a
frame that is kept for evaluation must not get into another one. A reserved frame shows the ghosts
of others, and its own strokes are compared with them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.errors import StudioError
from app.lifted import Drawn, Lifted, Now
from app.workspace import Workspace
from rewis3d import propagate
from rewis3d.lifting import surface_of
from rewis3d.propagate import (
    Carried,
    Clashes,
    Conflict,
    best_two,
    carry,
    clashes,
    conflicts,
    fuse,
    may_change,
)
from rewis3d.scene import SceneView, ViewGeometry
from rewis3d.types import UNLABELLED

MOST_KEPT: Final = 32_000_000
"""Carried cells that are kept (13 bytes each): what 30 frames with much on them carry to 100."""
_SLICE_SECONDS: Final = 0.05
"""How long the thread waits at a time while somebody waits for the ghosts of a frame."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Summary:
    """What all frames of the scene gained."""

    scene: int | None
    """None where no scene is used."""
    gained: Mapping[int, int]
    """Cells with a ghost, by frame id; frames without any are left out."""
    conflicts: Sequence[Conflict]
    """Largest first; their labels are class ids."""
    stale: bool
    """Strokes have come since; ask again."""


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What was worked out for one frame, and from what."""

    made_of: tuple[int, ...]
    gained: int
    clashes: Clashes


_NOTHING: Final = Summary(None, {}, (), stale=False)


class Ghosts:
    """The ghost labels of the used scene. Safe to use from any thread; `close` ends its own."""

    def __init__(self, workspace: Workspace) -> None:
        self._lifted = Lifted(workspace)
        self._carried = _CarriedCells()
        self._awaited = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._asked = 0
        self._last: tuple[tuple[object, ...], Summary | StudioError] = ((), _NOTHING)
        self._found: dict[int, _Found] = {}

    def of_frame(self, frame_id: int) -> propagate.Ghosts | None:
        """Return a frame's ghosts (class ids); None where the frame has no view.

        StudioError where the scene can't be read.
        """
        with self._someone_waits():
            now = self._lifted.now()
            view = None if now is None else now.scene.view(frame_id)
            if now is None or view is None:
                return None
            kept = self._carried.of(now.sources(frame_id), view, oust=True)
            return fuse([one.carried for one in kept if len(one.carried.cells)], now.own(frame_id))

    def view(self, frame_id: int) -> SceneView | None:
        """Return a frame's view in the used scene; None where it has none."""
        now = self._lifted.now()
        return None if now is None else now.scene.view(frame_id)

    def summary(self, *, patience: float = 0.0) -> Summary:
        """Return what is known of all frames, after `patience` seconds at the latest.

        StudioError where the scene can't be read.
        """
        now = self._lifted.now()
        if now is None:
            return _NOTHING
        with self._changed:
            if self._known(now.key) is None:
                self._start()
                self._changed.wait_for(lambda: self._known(now.key) is not None, patience)
            known = self._known(now.key) or self._last[1]
        if isinstance(known, StudioError):
            raise known
        if known.scene != now.scene.number:
            return Summary(now.scene.number, {}, (), stale=True)
        return replace(known, stale=self._known(now.key) is None)

    def close(self) -> None:
        """End the thread, if there is one."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _known(self, key: tuple[object, ...]) -> Summary | StudioError | None:
        return self._last[1] if self._last[0] == key else None

    @contextmanager
    def _someone_waits(self) -> Iterator[None]:
        with self._changed:
            self._awaited += 1
        try:
            yield
        finally:
            with self._changed:
                self._awaited -= 1
                self._changed.notify_all()

    def _start(self) -> None:
        """Have the thread work; called with `_changed` held."""
        self._asked += 1
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._work, name="ghosts", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        try:
            while self._work_once():
                pass
        finally:  # where something unforeseen ended it, the next who asks starts another one
            with self._changed:
                if self._thread is threading.current_thread():
                    self._thread = None
                self._changed.notify_all()

    def _work_once(self) -> bool:
        """Sum up what there is now; say whether somebody has asked for more meanwhile."""
        asked = self._asked
        now = self._lifted.now()
        if now is None:
            made: Summary | StudioError = _NOTHING
        else:
            try:
                made = self._sum_up(now)
            except StudioError as error:
                _log.warning("ghosts can't be summed up: %s", error)
                made = error
        with self._changed:
            if now is not None and not self._closed:
                self._last = (now.key, made)
            self._changed.notify_all()
            if self._closed or self._asked == asked:
                self._thread = None
                return False
            return True

    def _sum_up(self, now: Now) -> Summary:
        found = {}
        for frame_id in now.scene.geometries:
            self._let_others_first()
            if self._closed:
                break
            found[frame_id] = self._find(now, frame_id)
        self._found = found
        gained = {frame: one.gained for frame, one in found.items() if one.gained}
        views = {frame: view for frame, (_, view) in now.scene.geometries.items()}
        listed = conflicts([one.clashes for one in found.values()], views)
        return Summary(now.scene.number, gained, listed, stale=False)

    def _find(self, now: Now, frame_id: int) -> _Found:
        """Return what a frame gained and where strokes clash in it, worked out anew if need be."""
        view = now.scene.view(frame_id)
        if view is None:
            raise StudioError(f"scene {now.scene.number} has lost frame {frame_id}")
        kept = self._carried.of(now.sources(frame_id), view, oust=False)
        kept = [one for one in kept if len(one.carried.cells)]
        drawn, own = now.drawn.get(frame_id), now.own(frame_id)
        made_of = (now.scene.number, 0 if drawn is None else drawn.version)
        made_of += tuple(one.since for one in kept)
        before = self._found.get(frame_id)
        if before is not None and before.made_of == made_of:
            return before
        carried = [one.carried for one in kept]
        best = best_two(carried, own.size)
        gained = int(np.count_nonzero(fuse(carried, own, best).labels != UNLABELLED))
        return _Found(made_of, gained, clashes(carried, frame_id, own, best))

    def _let_others_first(self) -> None:
        with self._changed:
            while self._awaited and not self._closed:
                self._changed.wait(_SLICE_SECONDS)
        time.sleep(0)


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """What one frame carries to another one."""

    drawn: Drawn
    """The newest state that it holds for."""
    target: ViewGeometry
    carried: Carried
    since: int
    """The version of the drawn frame that first carried this."""


class _CarriedCells:
    """What frames carry to each other, as long as it holds.

    What somebody waits for takes the place of the longest unused. A pass over all frames only fills
    what is free: it would drive out each part just before it comes to it again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, int], _Kept] = OrderedDict()
        self._cells = 0

    def of(self, sources: Sequence[Drawn], view: SceneView, *, oust: bool) -> list[_Kept]:
        """Return what frames carry to a view of their scene."""
        known = [self._find(drawn, view) for drawn in sources]
        if all(known):
            return [one for one in known if one]
        surface = surface_of(view)  # once for all
        return [
            one or self._keep(drawn, view, carry(drawn.lifted, view, surface), oust=oust)
            for drawn, one in zip(sources, known, strict=True)
        ]

    def _find(self, drawn: Drawn, view: SceneView) -> _Kept | None:
        """Return what is known, also where what was drawn since is out of the view's sight."""
        key = (drawn.lifted.frame_id, view.frame_id)
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or kept.target is not view.geometry:
            return None
        if kept.drawn is not drawn:
            if may_change(kept.drawn.lifted, drawn.lifted, view.geometry):
                return None
            kept = replace(kept, drawn=drawn)
        with self._lock:
            if key in self._kept:
                self._kept[key] = kept
                self._kept.move_to_end(key)
        return kept

    def _keep(self, drawn: Drawn, view: SceneView, carried: Carried, *, oust: bool) -> _Kept:
        key = (drawn.lifted.frame_id, view.frame_id)
        made = _Kept(drawn, view.geometry, carried, drawn.version)
        with self._lock:
            before = self._kept.pop(key, None)
            if before is not None:
                self._cells -= len(before.carried.cells)
                if before.target is view.geometry and before.carried.equals(carried):
                    made = replace(before, drawn=drawn)
            if not oust and self._cells + len(carried.cells) > MOST_KEPT:
                return made
            self._kept[key] = made
            self._cells += len(carried.cells)
            while self._cells > MOST_KEPT and len(self._kept) > 1:
                self._cells -= len(self._kept.popitem(last=False)[1].carried.cells)
        return made
