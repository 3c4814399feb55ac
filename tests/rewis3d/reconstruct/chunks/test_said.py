"""What the report says of chunks."""

from __future__ import annotations

from rewis3d.reconstruct.chunks.chain import chain
from rewis3d.reconstruct.chunks.said import cuts_of, notes_of, seams_of

from .worlds import piece, similarity

CHUNKS = [list(range(12)), list(range(8, 20)), list(range(16, 28))]
NAMES = {frame: f"f_{frame}" for frame in range(28)}


def test_seams_that_hold_are_one_line_and_others_are_named() -> None:
    pieces = [
        piece(0, CHUNKS[0], similarity(0)),
        piece(1, CHUNKS[1], similarity(1)),
        piece(2, CHUNKS[2], similarity(2), wrong=range(16, 20)),
    ]
    found = chain(pieces)
    seams = seams_of(CHUNKS, pieces, found)
    assert [(seam.frame, seam.shared, seam.refusal is None) for seam in seams] == [
        (8, 4, True),
        (16, 4, False),
    ]
    good, bad = notes_of(seams, 3, NAMES)
    assert good.startswith("solved in 3 chunks; in the frames that two of them share cameras agree")
    assert "0.00 degrees" in good
    assert bad.startswith("the chunk from frame f_16 is not joined: cameras differ by")
    assert list(cuts_of(found.scenes, [list(range(28))])) == [18]


def test_chunks_that_have_nothing_placed_in_common_are_told() -> None:
    pieces = [
        piece(0, CHUNKS[0], similarity(0), placed=range(8)),
        piece(1, CHUNKS[1], similarity(1)),
    ]
    (seam,) = seams_of(CHUNKS[:2], pieces, chain(pieces))
    assert (seam.frame, seam.shared, seam.refusal) == (8, 0, "no frame has a place in both")


def test_cuts_are_looked_for_in_each_clip() -> None:
    pieces = [piece(0, range(4), similarity(0)), piece(1, range(4, 8), similarity(1))]
    scenes = chain(pieces).scenes
    assert list(cuts_of(scenes, [[0, 1, 2, 3], [4, 5, 6, 7]])) == []
    assert list(cuts_of(scenes, [[0, 3, 4, 7], []])) == [4]
