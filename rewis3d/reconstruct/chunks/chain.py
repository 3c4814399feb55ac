"""Pieces of all chunks brought into the world of the first one that they hang together with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rewis3d.geometry import up_of
from rewis3d.reconstruct.chunks.piece import Piece, in_common
from rewis3d.reconstruct.chunks.seam import Fit, fit
from rewis3d.reconstruct.chunks.similarity import Similarity
from rewis3d.scene import SceneGeometry, ViewGeometry

SMALLEST: Final = 3
"""Frames that a world of its own needs, beside those that a larger one has as well."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Two pieces with frames in common, by their places among all, and how they fit."""

    a: int
    b: int
    shared: int
    fit: Fit


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a frame's view comes from."""

    piece: int
    scale: float
    """What depths in the piece's unit are multiplied with."""


@dataclass(frozen=True, slots=True)
class Chained:
    """All frames that were placed, each in one scene."""

    scenes: tuple[SceneGeometry, ...]
    placed: dict[int, Placed]
    """By frame."""
    edges: tuple[Edge, ...]


def chain(pieces: Sequence[Piece]) -> Chained:
    """Join the pieces that fit where they share frames; the others stay scenes of their own.

    The world is that of the first piece, its unit the median of the pieces' units over the frames:
    one chunk with a wrong idea of a metre changes little. A frame that two chunks have placed is
    taken from the one whose ends are farther from it.
    """
    edges = tuple(_edges(pieces))
    worlds = [world for world in _worlds(pieces, edges) if world]
    owner = _owners(pieces, worlds)
    scenes, placed = [], {}
    for world in worlds:
        world = _with_usual_unit(world, owner)
        mine = {frame: piece for frame, piece in owner.items() if piece in world}
        if mine:
            scenes.append(_scene(pieces, world, mine))
            placed |= {frame: Placed(piece, world[piece].scale) for frame, piece in mine.items()}
    return Chained(tuple(scenes), placed, edges)


def _edges(pieces: Sequence[Piece]) -> Iterator[Edge]:
    placed = [piece.placed for piece in pieces]
    for b, later in enumerate(pieces):
        for a, earlier in enumerate(pieces[:b]):
            if earlier.chunk != later.chunk and not placed[a].isdisjoint(placed[b]):
                both = in_common(earlier, later)
                yield Edge(a, b, len(both), fit(both))


World = dict[int, Similarity]
"""Of each piece, by its place: S_world_piece. The world is that of the first piece."""


def _worlds(pieces: Sequence[Piece], edges: Sequence[Edge]) -> Iterator[World]:
    """Follow the edges that hold from piece to piece, those near the first one before others."""
    steps: dict[int, list[tuple[int, Similarity]]] = {at: [] for at in range(len(pieces))}
    for edge in edges:
        if edge.fit.refusal is None:
            steps[edge.a].append((edge.b, edge.fit.S_a_b))
            steps[edge.b].append((edge.a, edge.fit.S_a_b.inverse()))
    reached: set[int] = set()
    for first in range(len(pieces)):
        world: World = {} if first in reached else {first: Similarity.identity()}
        waiting = list(world)
        while waiting:
            at = waiting.pop(0)
            for other, S_at_other in steps[at]:
                if other not in world:
                    world[other] = world[at] @ S_at_other
                    waiting.append(other)
        reached |= set(world)
        yield world


def _owners(pieces: Sequence[Piece], worlds: list[World]) -> dict[int, int]:
    """Return which piece each frame's view is taken from."""
    holders: dict[int, list[int]] = {}
    for world in _worth_having(pieces, worlds):
        for at in sorted(world):
            for frame in pieces[at].placed:
                holders.setdefault(frame, []).append(at)
    return {
        frame: max(sorted(found), key=lambda at: pieces[at].inside(frame))
        for frame, found in sorted(holders.items())
    }


def _worth_having(pieces: Sequence[Piece], worlds: list[World]) -> list[World]:
    """Leave out worlds with hardly a frame that a larger one has not."""
    frames = [set().union(*(pieces[at].placed for at in world)) for world in worlds]
    kept: list[World] = []
    seen: set[int] = set()
    for at in sorted(range(len(worlds)), key=lambda at: (-len(frames[at]), at)):
        if not frames[at] & seen or len(frames[at] - seen) >= SMALLEST:
            kept.append(worlds[at])
            seen |= frames[at]
    return kept


def _with_usual_unit(world: World, owner: dict[int, int]) -> World:
    scales = [np.log(world[piece].scale) for piece in owner.values() if piece in world]
    factor = float(np.exp(-np.median(scales))) if scales else 1.0
    return {at: S.grown(factor) for at, S in world.items()}


def _scene(pieces: Sequence[Piece], world: World, mine: dict[int, int]) -> SceneGeometry:
    views: list[ViewGeometry] = []
    for at, S_world_piece in world.items():
        views += [
            replace(view, T_world_camera=S_world_piece.pose(view.T_world_camera))
            for view in pieces[at].scene.views
            if mine.get(view.frame_id) == at
        ]
    frames = dict.fromkeys(frame for at in sorted(world) for frame in pieces[at].frames)
    order = {frame: number for number, frame in enumerate(frames)}
    views.sort(key=lambda view: order[view.frame_id])
    up = up_of(np.stack([view.T_world_camera for view in views]))
    return SceneGeometry(tuple(views), up, pieces[min(world)].scene.unit)
