"""Passes of MapAnything over a long clip: which frames each sees, and how they become scenes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from rewis3d.job import View
from rewis3d.reconstruct.chunks.chain import Chained, Placed, chain
from rewis3d.reconstruct.chunks.cuts import find_cuts
from rewis3d.reconstruct.chunks.piece import Piece, Sample
from rewis3d.reconstruct.chunks.plan import shots
from rewis3d.reconstruct.chunks.said import cuts_of, notes_of, seams_of
from rewis3d.reconstruct.solution import Solution
from rewis3d.reports import Progress
from rewis3d.scene import SceneFolder, SceneView

CUTS_FILE: Final = "cuts.json"
STEP: Final = 8
"""Of every so many cells in a row and in a column one is held against other passes."""


@dataclass(frozen=True, slots=True)
class Joined:
    """All passes as one reconstruction."""

    solution: Solution
    parts: tuple[SceneFolder, ...]
    placed: Mapping[int, Placed]
    """By frame: the pass that its view is taken from."""

    def write_views(self, scene_folder: SceneFolder) -> None:
        """Write the depth of every frame, in the unit of its scene."""
        for number, part in enumerate(self.parts):
            for view in part.scenes()[0].views:
                at = self.placed[view.frame_id]
                if at.piece == number:
                    scene_folder.write_view(
                        view.frame_id,
                        depth=view.depth.astype(np.float32) * np.float32(at.scale),
                        confidence=view.confidence,
                        mask=view.mask,
                    )


def shots_of(
    views: Sequence[View], folder: Path, stored: Path, *, most: int
) -> Generator[Progress, None, list[list[View]]]:
    """Return the shots of all clips; those of at most `most` frames are not looked at for cuts.

    What was found is kept in `stored` for a run that goes on.
    """
    clips: dict[int, list[int]] = {}
    for place, view in enumerate(views):
        clips.setdefault(view.clip, []).append(place)
    file = stored / CUTS_FILE
    cuts: set[int] = set(json.loads(file.read_text())) if file.exists() else set()
    for clip in clips.values():
        if len(clip) > most and not file.exists():
            cuts |= yield from find_cuts(clip, views, folder)
    aside = file.with_name(f"{CUTS_FILE}.partial")
    aside.write_text(json.dumps(sorted(cuts)))
    aside.replace(file)
    return [[views[place] for place in shot] for shot in shots(list(clips.values()), cuts)]


def passes(stored: Path) -> list[SceneFolder]:
    """Return the finished passes, each a scene in a folder, in the order of their frames."""
    return [SceneFolder(path) for path in sorted(stored.iterdir()) if not path.suffix]


def joined(parts: Sequence[SceneFolder], views: Sequence[View]) -> Joined:
    """Bring passes that share frames into one world; the others stay scenes of their own."""
    scenes = [part.cameras()[0] for part in parts]
    frames = [[view.frame_id for view in scene.views] for scene in scenes]
    often = Counter(frame for chunk in frames for frame in chunk)
    pieces = [
        Piece(number, tuple(frames[number]), scene, _samples(parts[number], often))
        for number, scene in enumerate(scenes)
    ]
    chained = chain(pieces)
    seams = seams_of(frames, pieces, chained)
    names = {view.frame_id: view.name for view in views}
    clips = [
        [view.frame_id for view in views if view.clip == clip]
        for clip in dict.fromkeys(view.clip for view in views)
    ]
    found = Solution(
        chained.scenes,
        {},
        cuts=tuple(cuts_of(chained.scenes, clips)),
        notes=(*notes_of(seams, len(parts), names), *_notes(chained, names)),
        seams=tuple(seams),
    )
    return Joined(found, tuple(parts), chained.placed)


def _samples(part: SceneFolder, often: Mapping[int, int]) -> dict[int, Sample]:
    return {
        geometry.frame_id: _sample(part.read_view(geometry))
        for geometry in part.cameras()[0].views
        if often[geometry.frame_id] > 1
    }


def _sample(view: SceneView) -> Sample:
    """Return the depths of some cells that the pass trusts."""
    cells = np.arange(view.depth.size).reshape(view.depth.shape)[::STEP, ::STEP].ravel()
    trusted = cells[np.asarray(view.confidence).ravel()[cells] > 0]
    return Sample(trusted, np.asarray(view.depth).ravel()[trusted].astype(np.float64))


def _notes(chained: Chained, names: Mapping[int, str]) -> list[str]:
    """Say where scenes begin that are not related, and what became of the passes' metres."""
    notes = []
    if len(chained.scenes) > 1:
        first = ", ".join(names[scene.views[0].frame_id] for scene in chained.scenes)
        notes.append(f"in several passes, whose scenes are not related; they begin at {first}")
    off = max((abs(placed.scale - 1) for placed in chained.placed.values()), default=0.0)
    if off > 0.0005:
        notes.append(
            f"passes differ in what a metre is by up to {off:.1%}: it is that of the median one"
        )
    return notes
