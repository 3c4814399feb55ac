"""The cameras of a project's frames, from the images alone."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from rewis3d.job import View
from rewis3d.reconstruct.cameras.features import DATABASE_FILE, Lens, detect, lenses_of
from rewis3d.reconstruct.cameras.focal import believable
from rewis3d.reconstruct.cameras.given import depths_of
from rewis3d.reconstruct.cameras.groups import groups_of
from rewis3d.reconstruct.cameras.mapping import Setting, map_globally, map_incrementally
from rewis3d.reconstruct.cameras.matching import Match, feature_counts, match, read_matches
from rewis3d.reconstruct.cameras.model import Model
from rewis3d.reconstruct.cameras.pairs import first_pairs, other_pairs
from rewis3d.reconstruct.cameras.parallax import parallaxes
from rewis3d.reconstruct.cameras.scale import ranges_in, scene_of
from rewis3d.reconstruct.cameras.validate import LINKS, Link, Validated, still, validate
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.solution import Solution
from rewis3d.reports import Progress
from rewis3d.scene import SceneGeometry

VIDEO: Final = 0.1
"""Of the longer side: neighbouring frames of a video differ by less, photos by more."""
ENOUGH: Final = 0.8
"""Share of a group's frames that global mapping has to place, else the incremental one tries."""
PLAIN: Final = 20
"""Features below which an image shows nothing."""


@dataclass(slots=True)
class _Found:
    """What the groups of frames have brought so far."""

    pieces: list[Model] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)


def solve(
    views: Sequence[View], folder: Path, config: ReconstructConfig
) -> Generator[Progress, None, Solution]:
    """Find where the frames were taken from, and leave out what can't be believed.

    Features and matches lie in the job folder: a killed run goes on with them. Equal seeds and
    images give equal features and matches, and cameras that differ by rounding alone.
    """
    lenses = lenses_of(views, config.focal)
    database = folder / DATABASE_FILE
    yield from detect(views, lenses, folder=folder, database=database)
    matches = yield from _matched(views, database=database, seed=config.seed)
    videos = [clip for clip in _clips(views) if _is_video(clip, matches, lenses)]
    setting = Setting(tuple(lenses), config.seed, given=config.focal > 0)
    links = [
        Link(pair, moved)
        for pair, moved in zip(matches, parallaxes(matches, lenses).tolist(), strict=True)
    ]
    found = yield from _mapped(links, len(views), database, setting=setting, videos=videos)
    lone = _lone(links, len(views), feature_counts(database))
    return _solution(found, views, config, reasons=lone | found.reasons, videos=videos)


def ranges_of(
    scenes: Sequence[SceneGeometry],
    views: Sequence[View],
    folder: Path,
    config: ReconstructConfig,
) -> Generator[Progress, None, Mapping[int, tuple[float, float]]]:
    """Return near and far of each view of scenes whose cameras are given, by frame id."""
    placed = {view.frame_id for scene in scenes for view in scene.views}
    wanted = [view for view in views if view.frame_id in placed]
    database = folder / DATABASE_FILE
    yield from detect(wanted, lenses_of(wanted, 0.0), folder=folder, database=database)
    matches = yield from _matched(wanted, database=database, seed=config.seed)
    return depths_of(scenes, matches, [view.frame_id for view in wanted])


def _matched(
    views: Sequence[View], *, database: Path, seed: int
) -> Generator[Progress, None, list[Match]]:
    clips = _clips(views)
    yield from match(first_pairs(clips), database=database, seed=seed)
    matches = read_matches(database)
    lenses = lenses_of(views, 0.0)
    more = [
        pair for clip in clips if not _is_video(clip, matches, lenses) for pair in other_pairs(clip)
    ]
    if more:
        yield from match(more, database=database, seed=seed, stage="matching all photos")
        matches = read_matches(database)
    return [pair for pair in matches if len(pair) >= LINKS]


def _clips(views: Sequence[View]) -> list[list[int]]:
    """Return the places of each clip's frames in their order."""
    clips: dict[int, list[int]] = {}
    for place, view in enumerate(views):
        clips.setdefault(view.clip, []).append(place)
    return list(clips.values())


def _is_video(clip: Sequence[int], matches: Sequence[Match], lenses: Sequence[Lens]) -> bool:
    """Say whether a clip's frames follow each other: most differ little from the one before."""
    following = set(pairwise(clip))
    shifts = {
        (pair.a, pair.b): float(np.median(np.linalg.norm(pair.a_xy - pair.b_xy, axis=1)))
        / max(lenses[pair.a].width, lenses[pair.a].height)
        for pair in matches
        if (pair.a, pair.b) in following
    }
    close = sum(shift < VIDEO for shift in shifts.values())
    return len(clip) > 2 and close > len(following) / 2


def _mapped(
    links: Sequence[Link],
    count: int,
    database: Path,
    *,
    setting: Setting,
    videos: Sequence[Sequence[int]],
) -> Generator[Progress, None, _Found]:
    """Map each group of frames that hang together by itself."""
    groups = groups_of(range(count), ((link.match.a, link.match.b) for link in links))
    found = _Found()
    for number, group in enumerate(groups):
        yield Progress("mapping", number, len(groups))
        if len(group) < 2:
            continue
        why = still(links, group)
        result = Validated([], dict.fromkeys(group, why)) if why else None
        result = result or _map_group(group, links, database, setting=setting, videos=videos)
        found.pieces += result.pieces
        found.reasons |= result.reasons
    yield Progress("mapping", len(groups), len(groups))
    return found


def _map_group(
    group: Sequence[int],
    links: Sequence[Link],
    database: Path,
    *,
    setting: Setting,
    videos: Sequence[Sequence[int]],
) -> Validated:
    best = Validated([], dict.fromkeys(group, "not registered: it fits no common geometry"))
    held = replace(setting, held=True)
    ways = [(map_globally, setting), (map_globally, held)] if len(group) > 2 else []
    for mapper, told in (*ways, (map_incrementally, held)):
        models = mapper(database, told, group=group)
        known = [model for model in models if believable(model, setting.lenses)]
        valid = [validate(model, links, videos=videos, whole=len(group)) for model in known]
        best = max(best, _together(valid, group, links), key=_placed)
        if _placed(best) >= ENOUGH * len(group):
            break
    return best


def _together(parts: Sequence[Validated], group: Sequence[int], links: Sequence[Link]) -> Validated:
    """Join what the models of a group brought; incremental ones may share frames."""
    pieces: list[Model] = []
    taken: set[int] = set()
    for piece in sorted((p for part in parts for p in part.pieces), key=lambda p: -len(p.places)):
        if taken.isdisjoint(piece.places):
            pieces.append(piece)
            taken.update(piece.places)
    reasons = {place: _unregistered(place, links) for place in group}
    for part in parts:
        reasons |= part.reasons
    return Validated(pieces, {at: why for at, why in reasons.items() if at not in taken})


def _placed(result: Validated) -> int:
    return sum(len(piece.places) for piece in result.pieces)


def _unregistered(place: int, links: Sequence[Link]) -> str:
    most = max(len(link.match) for link in links if place in (link.match.a, link.match.b))
    return f"not registered: its {most} matches with the frame most like it fit no common geometry"


def _lone(links: Sequence[Link], count: int, features: Sequence[int]) -> dict[int, str]:
    """Say why frames have no matches."""
    linked = {end for link in links for end in (link.match.a, link.match.b)}
    return {
        place: f"it shows nothing to hold on to ({features[place]} features)"
        if features[place] < PLAIN
        else f"not registered: fewer than {LINKS} matches with any other frame"
        for place in range(count)
        if place not in linked
    }


def _solution(
    found: _Found,
    views: Sequence[View],
    config: ReconstructConfig,
    *,
    reasons: Mapping[int, str],
    videos: Sequence[Sequence[int]],
) -> Solution:
    pieces = sorted(found.pieces, key=lambda piece: piece.places)
    ranges: dict[int, tuple[float, float]] = {}
    for piece in pieces:
        ranges |= ranges_in(piece, views)
    errors = [piece.errors(place) for piece in pieces for place in piece.places]
    return Solution(
        scenes=tuple(scene_of(piece, views, max_side=config.max_side) for piece in pieces),
        ranges=ranges,
        reasons={views[place].frame_id: why for place, why in sorted(reasons.items())},
        cuts=tuple(views[place].frame_id for place in _cuts(pieces, videos)),
        reprojection_error_px=float(np.nanmean(np.concatenate(errors))) if errors else None,
        notes=tuple(dict.fromkeys(_focal_note(piece, views, config) for piece in pieces)),
    )


def _cuts(pieces: Sequence[Model], videos: Sequence[Sequence[int]]) -> list[int]:
    """Return the places in videos at which another piece begins."""
    piece_of = {place: number for number, piece in enumerate(pieces) for place in piece.places}
    cuts = []
    for video in videos:
        placed = [place for place in video if place in piece_of]
        cuts += [b for a, b in pairwise(placed) if piece_of[a] != piece_of[b]]
    return cuts


def _focal_note(piece: Model, views: Sequence[View], config: ReconstructConfig) -> str:
    view, camera = views[piece.places[0]], piece.cameras[piece.places[0]]
    focal = float(camera.K[0, 0])
    if config.focal:
        return f"focal length {focal:.0f} px as given"
    if view.focal is not None:
        return f"focal length {focal:.0f} px; the files say {view.focal:.0f}"
    if not piece.held:
        return f"focal length {focal:.0f} px, estimated from the frames"
    return (
        f"focal length {focal:.0f} px, assumed: the camera turns too little to tell it, and depths"
        " are stretched where it is wrong; give it with --focal where it is known"
    )
