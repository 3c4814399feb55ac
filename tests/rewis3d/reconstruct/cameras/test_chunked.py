"""A film that is solved in chunks: a walk through the room, and two shots."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rewis3d.job import View
from rewis3d.reconstruct.cameras import chunked
from rewis3d.reconstruct.cameras.features import DATABASE_FILE, Lens
from rewis3d.reconstruct.cameras.model import Model
from rewis3d.reconstruct.cameras.pooled import FoundLens, lenses_in
from rewis3d.reconstruct.cameras.solve import solve
from rewis3d.reconstruct.chunks import chain
from rewis3d.reconstruct.chunks.seam import fit
from rewis3d.reconstruct.config import ReconstructConfig
from rewis3d.reconstruct.solution import Solution

from .room import FOCAL, film, pose, room
from .test_solve import finish, frames, off_path

FRAMES = 22
POSES = [pose(x=0.16 * at, yaw=12 * np.sin(at / 5)) for at in range(FRAMES)]
CONFIG = ReconstructConfig(backend="colmap", focal=FOCAL, chunk=12, overlap=4)


@dataclass(frozen=True)
class Film:
    """Frames whose features and chunks are found, for each test to copy."""

    views: list[View]
    folder: Path
    solution: Solution

    def copied(self, target: Path, *, chunks: bool = False) -> Path:
        """The job folder as it was before anything was mapped, or with the finished chunks."""
        shutil.copy(self.folder / DATABASE_FILE, target / DATABASE_FILE)
        if chunks:
            known = shutil.ignore_patterns("*-known")
            shutil.copytree(self.folder / chunked.FOLDER, target / chunked.FOLDER, ignore=known)
        for view in self.views:
            (target / view.image).symlink_to(self.folder / view.image)
        return target


@pytest.fixture(scope="module")
def stroll(tmp_path_factory: pytest.TempPathFactory) -> Film:
    folder = tmp_path_factory.mktemp("stroll")
    views = film(folder, POSES)
    return Film(views, folder, finish(solve(views, folder, CONFIG))[0])


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the chunks that are solved from now on."""
    solved, real = [], chunked.solve_together

    def counting(views, *arguments, **options):
        solved.append(len(views))
        return real(views, *arguments, **options)

    monkeypatch.setattr(chunked, "solve_together", counting)
    return solved


def solved(film: Film, folder: Path, config: ReconstructConfig = CONFIG) -> Solution:
    return finish(solve(film.views, folder, config))[0]


def test_chunks_that_overlap_become_one_scene(stroll: Film) -> None:
    solution = stroll.solution
    chunks = sorted(path.name for path in (stroll.folder / chunked.FOLDER).glob("*[0-9]"))
    assert chunks == ["000000-000009", "000006-000015", "000012-000021"]
    assert frames(solution) == [list(range(1, FRAMES + 1))]
    assert off_path(solution, POSES) < 0.01
    assert set(solution.ranges) == set(range(1, FRAMES + 1))
    assert [(seam.frame, seam.shared, seam.refusal) for seam in solution.seams] == [
        (7, 4, None),
        (13, 4, None),
    ]
    for seam in solution.seams:
        assert (seam.turn or 9) < 0.5
        assert max(seam.shift or 9, seam.depth or 9) < 0.02
    assert solution.notes[0].startswith("solved in 3 chunks")
    assert (solution.cuts, solution.reasons) == ((), {})
    assert (solution.reprojection_error_px or 9) < 0.6
    steps = [
        np.linalg.norm(b.T_world_camera[:3, 3] - a.T_world_camera[:3, 3])
        for a, b in pairwise(solution.scenes[0].views)
    ]
    assert steps == pytest.approx([np.mean(steps)] * len(steps), rel=0.1)  # also over the seams


def test_a_run_that_is_killed_between_chunks_goes_on_with_the_next(
    stroll: Film, tmp_path: Path, counted: list[int]
) -> None:
    folder = stroll.copied(tmp_path)
    running = solve(stroll.views, folder, CONFIG)
    while not list(folder.glob("chunks/*")):
        next(running)
    running.close()
    assert counted == [10]
    (folder / "chunks" / "000006-000015.partial").mkdir()  # where it was killed
    (folder / chunked.EXCERPT).mkdir()
    (folder / chunked.EXCERPT / f"{DATABASE_FILE}-wal").write_text("of a database that is gone")
    assert frames(solved(stroll, folder)) == [list(range(1, FRAMES + 1))]
    assert counted == [10, 10, 10]
    assert not (folder / chunked.EXCERPT).exists()


def test_a_chunk_that_does_not_fit_is_a_scene_of_its_own_and_that_is_said(
    stroll: Film, tmp_path: Path, counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "fit", lambda shared: replace(fit(shared), refusal="too strict"))
    solution = solved(stroll, stroll.copied(tmp_path, chunks=True))
    assert counted == []
    assert frames(solution) == [list(range(1, 9)), list(range(9, 15)), list(range(15, 23))]
    assert solution.cuts == (9, 15)
    assert sum("is not joined: too strict" in note for note in solution.notes) == 2


def test_chunks_end_where_the_film_is_cut(tmp_path: Path, counted: list[int]) -> None:
    views = film(tmp_path, POSES[:7]) + film(tmp_path, POSES[:7], boards=room(50), first=8)
    solution = finish(solve(views, tmp_path, CONFIG))[0]
    assert counted == [7, 7]
    assert frames(solution) == [list(range(1, 8)), list(range(8, 15))]
    assert solution.cuts == (8,)
    assert solution.seams == ()


def test_frames_that_fit_into_one_chunk_are_solved_as_they_always_were(
    stroll: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("chunks were planned")

    monkeypatch.setattr("rewis3d.reconstruct.cameras.solve.plan_chunks", never)
    whole = replace(CONFIG, chunk=FRAMES)
    solution = solved(stroll, stroll.copied(tmp_path), whole)
    assert frames(solution) == [list(range(1, FRAMES + 1))]
    assert solution.seams == ()
    assert solution.notes == ("focal length 250 px as given",)


def test_all_chunks_get_the_lens_that_they_tell_together(
    stroll: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is made to say something else about it."""

    def told(models: Sequence[Model], lenses: Sequence[Lens]) -> list[FoundLens]:
        return [replace(one, focal=focals.pop(), doubt=0.01) for one in lenses_in(models, lenses)]

    focals = [240.0, 250.0, 256.0]
    monkeypatch.setattr(chunked, "lenses_in", told)
    folder = stroll.copied(tmp_path, chunks=True)
    solution = solved(stroll, folder, replace(CONFIG, focal=0.0))
    assert len(list((folder / chunked.FOLDER).glob("*-known"))) == 3
    assert frames(solution) == [list(range(1, FRAMES + 1))]
    wanted = float(np.exp(np.mean(np.log([240, 250, 256]))))
    lenses = [view.camera.K[0, 0] for view in solution.scenes[0].views]
    assert lenses == pytest.approx([wanted] * FRAMES)
    assert off_path(solution, POSES) < 0.01
    assert solution.notes[1] == "focal length 249 px, estimated from chunks that say 240 to 256"
