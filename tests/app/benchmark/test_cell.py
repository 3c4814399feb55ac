from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotations import store
from app import bridge, rounds
from app.benchmark.cell import Cell, cells, home, is_of, write_cell_job
from app.benchmark.plan import Plan
from app.errors import StudioError
from app.simulate import draw_strokes
from app.workspace import Workspace
from rewis3d.images import read_mask, read_rgb
from rewis3d.job import Job, read_job
from tests.app import samples
from tests.app.benchmark.planned import change_scene, only_cell, planned, silent, wish
from tests.app.judged import write_labels
from tests.app.samples import frame_ids
from tests.app.scenery import make_scene


def written(project: Workspace, plan: Plan, cell: Cell | None = None) -> Job:
    chosen = cell or only_cell(project, plan)
    return read_job(write_cell_job(project, plan, chosen, on_progress=silent))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_cells_come_seed_by_seed(project: Workspace, labels: Path) -> None:
    plan = planned(project, wish(labels, "ema", "quick", seeds=2))
    found = cells(project, plan)
    assert [cell.name for cell in found] == ["quick-0", "ema-0", "quick-1", "ema-1"]
    root = project.root / "benchmarks" / plan.key
    assert home(project, plan) == root
    assert [cell.folder for cell in found] == [root / cell.name for cell in found]


@pytest.mark.parametrize("seed", [0, 5])
def test_masks_are_those_of_a_round_with_these_strokes(
    project: Workspace, labels: Path, seed: int
) -> None:
    """What trains and what judges is shared out as in the project, file for file."""
    plan = planned(project, wish(labels, frames=2, seeds=seed + 1))
    cell = cells(project, plan)[-1]
    job = written(project, plan, cell)
    draw_strokes(project, labels, frames=plan.drawn, seed=seed)
    with project.write() as conn:
        round_ = rounds.create(conn, preset="quick", config={}, seed=seed)
    folder = bridge.write_training_job(project, round_.number)
    for kind in ("labels", "judge"):
        assert files(cell.job / kind) == files(folder / kind)
    assert [v.labels for v in job.views] == [v.labels for v in read_job(folder).views]
    assert [v.judge for v in job.views] == [v.judge for v in read_job(folder).views]


def test_dense_labels_train_but_for_what_judges(project: Workspace, labels: Path) -> None:
    plan = planned(project, wish(labels, "full"))
    cell = only_cell(project, plan)
    (view,) = [view for view in written(project, plan).views if view.labels]
    found = read_mask(cell.job / str(view.labels), view.height, view.width)
    truth = samples.truth(plan.drawn[0].index)
    shown = found != 255
    assert (found[shown] == truth[shown]).all()
    assert shown.mean() > 0.6  # gaps beside what judges are left out


def test_the_job_says_what_its_row_trains(project: Workspace, labels: Path) -> None:
    number = make_scene(project)
    plan = planned(project, wish(labels, "quick", "recon", overrides={"steps": "20"}))
    quick, recon = (written(project, plan, cell) for cell in cells(project, plan))
    assert (quick.task, quick.scene) == ("quick", None)
    assert recon.task == "train"
    assert recon.scene == f"../../../../scenes/{number:04d}"
    assert (recon.config["branches"], recon.config["steps"]) == ("both", 20)
    assert recon.options["row"] == "recon"
    cell = cells(project, plan)[1]
    view = recon.views[0]
    assert read_rgb(cell.job / view.image, view.height, view.width).shape == (48, 64, 3)
    assert (cell.job / recon.features).resolve() == project.root / "cache" / "features"
    assert [spec.name for spec in recon.classes] == ["ground", "thing", "sky"]


def test_reserved_frames_are_predicted_and_teach_nothing(project: Workspace, labels: Path) -> None:
    reserved = frame_ids(project)[3]
    with project.write() as conn:
        store.set_reserved(conn, [reserved])
    for row in ("ema", "ceiling"):
        views = written(project, planned(project, wish(labels, row))).views
        assert len(views) == samples.FRAMES
        (view,) = [view for view in views if view.reserved]
        assert (view.frame_id, view.labels, view.judge) == (reserved, None, None)


def test_a_job_that_is_there_is_left_as_it_is(project: Workspace, labels: Path) -> None:
    plan = planned(project, wish(labels))
    cell = only_cell(project, plan)
    before = written(project, plan)
    (cell.job / "mark").touch()
    assert written(project, planned(project, wish(labels))) == before
    assert (cell.job / "mark").exists()


def test_the_job_of_another_scene_makes_way_with_all_that_came_of_it(
    project: Workspace, labels: Path
) -> None:
    """The row's own scene is not in the key: cells in 2D are the same beside any."""
    first = make_scene(project)
    make_scene(project)
    plan = planned(project, wish(labels, "single"))
    cell = only_cell(project, plan)
    written(project, plan)
    (cell.folder / "model").mkdir()
    change_scene(project, first, config={"backend": "depth"})
    later = planned(project, wish(labels, "single"))
    assert later.key == plan.key
    assert not is_of(read_job(cell.job), later, cell)
    assert str(written(project, later).scene).endswith(f"{first:04d}")
    assert not (cell.folder / "model").exists()


def test_a_model_without_its_job_is_not_taken_over(project: Workspace, labels: Path) -> None:
    plan = planned(project, wish(labels))
    cell = only_cell(project, plan)
    (cell.folder / "model").mkdir(parents=True)
    written(project, plan)
    assert not (cell.folder / "model").exists()


def test_labels_of_one_class_can_teach_nothing(project: Workspace, tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "labels")
    for index in range(4):
        Image.fromarray(np.zeros((48, 64), np.uint8)).save(labels / f"frame{index}.png")
    plan = planned(project, wish(labels))
    with pytest.raises(StudioError, match="only 'ground' is labelled"):
        written(project, plan)
    assert not only_cell(project, plan).job.exists()
