"""What a report says of the chunks of a long clip: where they overlap, and how well they fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise

from rewis3d.reconstruct.chunks.chain import Chained, Edge
from rewis3d.reconstruct.chunks.piece import Piece
from rewis3d.reconstruct.solution import Seam
from rewis3d.scene import SceneGeometry


def seams_of(
    chunks: Sequence[Sequence[int]], pieces: Sequence[Piece], found: Chained
) -> list[Seam]:
    """Return a seam for each two pieces that overlap, or one for chunks of which none do.

    `chunks` are the frames of each chunk, by id.
    """
    seams = []
    for a, b in combinations(range(len(chunks)), 2):
        if not set(chunks[a]).isdisjoint(chunks[b]):
            edges = [
                edge
                for edge in found.edges
                if (pieces[edge.a].chunk, pieces[edge.b].chunk) == (a, b)
            ]
            seams += [_seam(chunks[b][0], edge) for edge in edges] or [_missing(chunks[b][0])]
    return seams


def _seam(frame: int, edge: Edge) -> Seam:
    fit = edge.fit
    return Seam(frame, edge.shared, fit.turn, fit.shift, fit.depth, fit.refusal)


def _missing(frame: int) -> Seam:
    return Seam(frame, 0, None, None, None, "no frame has a place in both")


def notes_of(seams: Sequence[Seam], chunks: int, names: Mapping[int, str]) -> Iterator[str]:
    """Yield lines for people: the worst of the seams that hold, and each one that does not."""
    held = [seam for seam in seams if seam.refusal is None]
    if held:
        turn, shift, depth = (
            max(getattr(seam, name) or 0.0 for seam in held) for name in ("turn", "shift", "depth")
        )
        yield (
            f"solved in {chunks} chunks; in the frames that two of them share cameras agree to"
            f" {turn:.2f} degrees and {shift:.2%} of the depth, depths to {depth:.2%}"
        )
    for seam in seams:
        if seam.refusal is not None:
            yield f"the chunk from frame {names[seam.frame]} is not joined: {seam.refusal}"


def cuts_of(scenes: Sequence[SceneGeometry], clips: Sequence[Sequence[int]]) -> Iterator[int]:
    """Yield the frames of clips (frame ids in their order) at which another scene begins."""
    scene_of = {view.frame_id: at for at, scene in enumerate(scenes) for view in scene.views}
    for clip in clips:
        placed = [frame for frame in clip if frame in scene_of]
        yield from (b for a, b in pairwise(placed) if scene_of[a] != scene_of[b])
