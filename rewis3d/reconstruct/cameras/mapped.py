"""Cameras of frames whose matches are known: mapped group by group, kept where believable."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from rewis3d.reconstruct.cameras.focal import believable
from rewis3d.reconstruct.cameras.groups import groups_of
from rewis3d.reconstruct.cameras.mapping import Setting, map_globally, map_incrementally
from rewis3d.reconstruct.cameras.model import Model
from rewis3d.reconstruct.cameras.validate import LINKS, Link, Validated, still, validate
from rewis3d.reports import Progress

ENOUGH: Final = 0.8
"""Share of a group's frames that global mapping has to place, else the incremental one tries."""
PLAIN: Final = 20
"""Features below which an image shows nothing."""


@dataclass(slots=True)
class Found:
    """What the groups of frames have brought so far."""

    pieces: list[Model] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)


def mapped(
    links: Sequence[Link],
    count: int,
    database: Path,
    *,
    setting: Setting,
    videos: Sequence[Sequence[int]],
) -> Generator[Progress, None, Found]:
    """Map each group of frames that hang together by itself."""
    groups = groups_of(range(count), ((link.match.a, link.match.b) for link in links))
    found = Found()
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
    settings = dict.fromkeys((setting, held)) if len(group) > 2 else ()
    for mapper, told in (*((map_globally, one) for one in settings), (map_incrementally, held)):
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


def lone(links: Sequence[Link], count: int, features: Sequence[int]) -> dict[int, str]:
    """Say why frames have no matches."""
    linked = {end for link in links for end in (link.match.a, link.match.b)}
    return {
        place: f"it shows nothing to hold on to ({features[place]} features)"
        if features[place] < PLAIN
        else f"not registered: fewer than {LINKS} matches with any other frame"
        for place in range(count)
        if place not in linked
    }
