from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotations import classes, store
from annotations.types import AnnotationError
from app.benchmark import plan as module
from app.benchmark.plan import Wish, make_plan
from app.errors import StudioError
from app.workspace import Workspace
from rewis3d.method import MethodConfig
from rewis3d.types import Rewis3dError
from tests.app import samples
from tests.app.benchmark.planned import planned, wish
from tests.app.judged import write_labels
from tests.app.samples import frame_ids
from tests.app.scenery import make_scene


def test_frames_are_spread_over_those_that_may_train_and_have_labels(
    project: Workspace, tmp_path: Path
) -> None:
    labels = write_labels(tmp_path / "labels", frames=(0, 2, 3))
    found = planned(project, wish(labels, frames=2))
    ids = frame_ids(project)
    assert [frame.frame_id for frame in found.drawn] == [ids[0], ids[3]]
    assert [frame.frame_id for frame in found.judged] == [ids[0], ids[2], ids[3]]
    assert len(found.frames) == len(found.free) == 4


def test_reserved_frames_are_not_drawn_on(project: Workspace, labels: Path) -> None:
    ids = frame_ids(project)
    with project.write() as conn:
        store.set_reserved(conn, [ids[0], ids[2]])
    found = planned(project, wish(labels))
    assert [frame.frame_id for frame in found.drawn] == [ids[3]]
    assert [frame.frame_id for frame in found.free] == [ids[1], ids[3]]
    assert len(found.judged) == 4


Change = Callable[[Workspace, Path], None]


def relabel(_: Workspace, labels: Path) -> None:
    ids = samples.truth(3)
    ids[0, 0] = 0
    Image.fromarray(ids).save(labels / "frame3.png")


def rename_class(project: Workspace, _: Path) -> None:
    with project.write() as conn:
        classes.rename_class(conn, 0, "road", author="ann")


def delete_class(project: Workspace, _: Path) -> None:
    with project.write() as conn:
        classes.delete_class(conn, 1, author="ann")


def reserve(project: Workspace, _: Path) -> None:
    with project.write() as conn:
        store.set_reserved(conn, frame_ids(project)[3:])


def reconstruct(project: Workspace, _: Path) -> None:
    make_scene(project)


@pytest.mark.parametrize("change", [relabel, rename_class, delete_class, reserve, reconstruct])
def test_the_key_changes_with_the_project(project: Workspace, labels: Path, change: Change) -> None:
    before = planned(project, wish(labels)).key
    assert planned(project, wish(labels)).key == before
    change(project, labels)
    assert planned(project, wish(labels)).key != before


@pytest.mark.parametrize(
    "wanted",
    [
        lambda labels: wish(labels, frames=2),
        lambda labels: wish(labels, kind="points"),
        lambda labels: wish(labels, length=0.5),
        lambda labels: wish(labels, preset="interactive"),
        lambda labels: wish(labels, overrides={"steps": "20"}),
        lambda labels: wish(labels, ignore=2),
    ],
    ids=["frames", "kind", "length", "preset", "settings", "ignore"],
)
def test_the_key_changes_with_the_wish(
    project: Workspace, labels: Path, wanted: Callable[[Path], Wish]
) -> None:
    assert planned(project, wanted(labels)).key != planned(project, wish(labels)).key


@pytest.mark.parametrize(
    "wanted",
    [
        lambda labels: wish(labels, "ce", "full"),
        lambda labels: wish(labels, seeds=5),
        lambda labels: wish(labels, overrides={"steps": str(module.STEPS), "batch": "2"}),
        lambda labels: wish(labels, ignore=77),
    ],
    ids=["rows", "seeds", "the same settings", "a value that no label has"],
)
def test_the_key_stays_where_cells_are_comparable(
    project: Workspace, labels: Path, wanted: Callable[[Path], Wish]
) -> None:
    assert planned(project, wanted(labels)).key == planned(project, wish(labels)).key


def test_strokes_of_the_project_change_nothing(project: Workspace, labels: Path) -> None:
    before = planned(project, wish(labels))
    samples.label_all(project)
    assert planned(project, wish(labels)).key == before.key


def test_labels_elsewhere_that_say_the_same_have_the_same_key(
    project: Workspace, labels: Path, tmp_path: Path
) -> None:
    copy = write_labels(tmp_path / "copy")
    ids = np.where(samples.truth(1) == 2, 9, samples.truth(1)).astype(np.uint8)
    assert planned(project, wish(copy)).key == planned(project, wish(labels)).key
    Image.fromarray(ids).save(copy / "frame1.png")
    assert planned(project, wish(copy, ignore=9)).key != planned(project, wish(labels)).key


def base(project: Workspace, labels: Path, preset: str, **overrides: str) -> MethodConfig:
    return planned(project, wish(labels, preset=preset, overrides=overrides)).base


def test_rows_share_steps_and_not_minutes(project: Workspace, labels: Path) -> None:
    run = base(project, labels, "cpu").run
    assert (run.steps, run.minutes, run.epochs) == (module.STEPS, 0, 0)
    run = base(project, labels, "cpu", steps="20").run
    assert (run.steps, run.minutes) == (20, 0)


def test_minutes_are_kept_for_who_asks_for_them(project: Workspace, labels: Path) -> None:
    run = base(project, labels, "cpu", minutes="3").run
    assert (run.steps, run.minutes) == (0, 3)


def test_epochs_become_the_steps_of_the_frames_with_strokes(
    project: Workspace, labels: Path
) -> None:
    """50 epochs of one view, 12 in a step: 4.2 steps; of all four frames 16.7."""
    run = base(project, labels, "paper").run
    assert (run.steps, run.epochs) == (5, 0)
    assert base(project, labels, "paper", frames="all").run.steps == 17


@pytest.mark.parametrize(
    ("wanted", "kind", "line"),
    [
        (
            lambda labels: wish(labels, frames=4),
            StudioError,
            "strokes on 4 frames leave none to judge: 4 have labels and are not reserved",
        ),
        (
            lambda labels: wish(labels, overrides={"branches": "2d"}),
            StudioError,
            "setting 'branches' tells the rows apart: it can't be changed",
        ),
        (
            lambda labels: wish(labels, preset="quick"),
            StudioError,
            "preset 'quick' has no rows",
        ),
        (lambda labels: wish(labels, preset="slow"), Rewis3dError, "unknown preset 'slow'"),
        (
            lambda labels: wish(labels, overrides={"speed": "3"}),
            Rewis3dError,
            "unknown setting 'speed'",
        ),
        (
            lambda labels: wish(labels, overrides={"steps": "many"}),
            Rewis3dError,
            "setting steps: 'many' is not a whole number",
        ),
        (lambda labels: wish(labels, "rekon"), StudioError, "unknown row 'rekon'"),
        (lambda labels: wish(labels / "no"), StudioError, "no is not a folder"),
        (lambda labels: wish(labels, "recon"), StudioError, "row 'recon' needs a scene"),
    ],
)
def test_what_cant_be_compared_is_said_in_one_line(
    project: Workspace,
    labels: Path,
    wanted: Callable[[Path], Wish],
    kind: type[Exception],
    line: str,
) -> None:
    with pytest.raises(kind, match=line) as caught:
        planned(project, wanted(labels))
    assert "\n" not in str(caught.value)


def test_a_wrong_label_file_is_named_before_anything_is_made(
    project: Workspace, labels: Path
) -> None:
    Image.fromarray(np.full((48, 64), 7, np.uint8)).save(labels / "frame3.png")
    with pytest.raises(AnnotationError, match=r"frame3\.png: no class has the id 7"):
        planned(project, wish(labels))
    assert not (project.root / "benchmarks").exists()


def test_reading_the_labels_is_told(project: Workspace, labels: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    make_plan(project, wish(labels), on_progress=lambda *words: told.append(words))
    assert told == [("reading labels", done, 4) for done in (1, 2, 3, 4)]
