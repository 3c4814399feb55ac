"""A reconstruction's report: figures worked out by hand from two small views."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rewis3d.geometry import pinhole
from rewis3d.job import View
from rewis3d.reconstruct import report, solution
from rewis3d.reconstruct.solution import Seam, Solution
from rewis3d.scene import GridMap, SceneFolder, SceneGeometry, ViewGeometry
from rewis3d.types import Rewis3dError

VIEWS = [View(i, f"{i}.jpg", 6, 8, name=f"street_{i}") for i in (1, 2, 3, 4)]


def scene(*frames: int) -> SceneGeometry:
    views = tuple(
        ViewGeometry(i, 6, 8, pinhole(10.0, 8, 6), np.eye(4), GridMap((1.0, 1.0)), "colmap")
        for i in frames
    )
    return SceneGeometry(views, np.array([0.0, -1, 0]), "normalised")


@pytest.fixture
def made(tmp_path: Path) -> tuple[Solution, SceneFolder]:
    found = Solution(
        scenes=(scene(1, 2), scene(3)),
        ranges={1: (1.0, 9.0), 2: (1.0, 8.5), 3: (2.0, 4.0)},
        reasons={4: "black frame"},
        cuts=(3,),
        reprojection_error_px=0.5,
        notes=("focal length from the file",),
    )
    folder = SceneFolder(tmp_path / "scene")
    solution.save(found, tmp_path, folder)
    confidence = np.zeros((6, 8))
    confidence[:3] = 0.95
    confidence[3] = 0.03  # seen by two views, not good enough for labels
    folder.write_view(1, depth=np.where(confidence > 0, 5.0, 0), confidence=confidence)
    folder.write_view(2, depth=np.zeros((6, 8)), confidence=np.zeros((6, 8)))
    folder.write_view(3, depth=np.ones((6, 8)), confidence=np.ones((6, 8)))
    return found, folder


def test_the_figures_are_the_views(made: tuple[Solution, SceneFolder]) -> None:
    found, folder = made
    told = report.summarise(VIEWS, found, folder, backend="colmap", seconds=3.21)
    assert (told.total, told.registered, told.pieces) == (4, 3, 2)
    assert [row.coverage for row in told.per_frame] == [0.5, 0, 1, 0]
    assert told.coverage == pytest.approx((0.5 + 0 + 1 + 0) / 4)
    assert [row.piece for row in told.per_frame] == [0, 0, 1, None]
    assert told.per_frame[3].reason == "black frame"
    assert told.cuts == ("street_3",)
    # 80 depths: 8 at .03, 24 at .95, 48 at 1
    assert told.confidence_histogram == (0.1, 0, 0, 0, 0, 0, 0, 0, 0, 0.9)


def test_the_json_is_what_programs_were_promised(made: tuple[Solution, SceneFolder]) -> None:
    fields = report.to_json(report.summarise(VIEWS, *made, backend="colmap", seconds=3.21))
    assert fields["frames"] == {"total": 4, "registered": 3}
    wanted = {"backend", "pieces", "coverage", "reprojection_error_px", "seconds", "per_frame"}
    assert wanted <= set(fields)
    assert fields["per_frame"][0].items() >= {
        ("frame", "street_1"),
        ("backend", "colmap"),
        ("piece", 0),
        ("coverage", 0.5),
    }


def test_a_report_comes_back_from_its_file(made: tuple[Solution, SceneFolder]) -> None:
    told = report.summarise(VIEWS, *made, backend="colmap", seconds=3.21)
    with pytest.raises(Rewis3dError, match=r"report\.json"):
        report.read(made[1])
    report.write(told, made[1])
    assert report.read(made[1]) == told


def test_a_solution_comes_back_from_its_files(
    made: tuple[Solution, SceneFolder], tmp_path: Path
) -> None:
    found, folder = made
    again = solution.load(tmp_path, folder)
    assert again is not None
    assert (again.ranges, again.reasons, again.cuts) == (found.ranges, found.reasons, found.cuts)
    assert (again.reprojection_error_px, again.notes) == (0.5, found.notes)
    assert [view.frame_id for view in again.scenes[0].views] == [1, 2]


def test_seams_are_told_by_name_and_kept(
    made: tuple[Solution, SceneFolder], tmp_path: Path
) -> None:
    seams = (Seam(3, 5, 0.0123456, 0.002, 0.008), Seam(2, 0, None, None, None, "nothing shared"))
    found, folder = replace(made[0], seams=seams), made[1]
    told = report.summarise(
        VIEWS, found, folder, backend="colmap", seconds=3.2, estimated_seconds=2.04
    )
    assert told.seams == (
        report.SeamReport("street_3", 5, 0.01235, 0.002, 0.008, joined=True),
        report.SeamReport("street_2", 0, None, None, None, joined=False),
    )
    assert told.estimated_seconds == 2.0
    assert report.from_json(json.loads(json.dumps(report.to_json(told)))) == told
    solution.save(found, tmp_path, folder)
    again = solution.load(tmp_path, folder)
    assert again is not None
    assert again.seams == seams


def test_a_report_of_an_earlier_version_has_no_seams(made: tuple[Solution, SceneFolder]) -> None:
    fields = report.to_json(report.summarise(VIEWS, *made, backend="colmap", seconds=3.21))
    del fields["seams"], fields["estimated_seconds"]
    told = report.from_json(fields)
    assert (told.seams, told.estimated_seconds) == ((), None)


def test_a_project_without_any_geometry_has_a_report_too(tmp_path: Path) -> None:
    folder = SceneFolder(tmp_path)
    found = Solution((), {}, {view.frame_id: "one frame has no parallax" for view in VIEWS})
    solution.save(found, tmp_path, folder)
    told = report.summarise(VIEWS, found, folder, backend="colmap", seconds=0.1)
    assert (told.registered, told.pieces, told.coverage) == (0, 0, 0)
    assert told.confidence_histogram == (0,) * report.BINS
    assert report.from_json(report.to_json(told)) == told
