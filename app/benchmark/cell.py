"""A cell of the table, one row with one seed, as a folder under the benchmark's key.

job/           the frozen job folder (rewis3d/job.py), made as a round's is
model/         the checkpoint
predictions/   gone once they are judged
spent.json     what all attempts took (cost.py)
result.json    what came out (result.py): a cell that has it is never made again
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.benchmark.annotator import labelled_frames
from app.benchmark.coverage import Coverage
from app.benchmark.plan import OnProgress, Plan
from app.benchmark.rows import Row, config_of
from app.jobfolder import FEATURES, class_specs, view_of, way_from, written_aside
from app.masks import Masks, write_masks
from app.workspace import Workspace
from rewis3d.job import JOB_FILE, Job, read_job, write_job
from rewis3d.presets import to_json

FOLDER: Final = "benchmarks"
"""In the project folder; in it one folder for each key."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A row with a seed, which strokes and training share."""

    row: Row
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.row.name}-{self.seed}"

    @property
    def job(self) -> Path:
        """Its job folder."""
        return self.folder / "job"


def home(workspace: Workspace, plan: Plan) -> Path:
    """Return the folder of all cells of a plan."""
    return workspace.path(f"{FOLDER}/{plan.key}")


def cells(workspace: Workspace, plan: Plan) -> list[Cell]:
    """Return all cells, seed by seed: what a kill leaves can be compared already."""
    folder = home(workspace, plan)
    return [
        Cell(row, seed, folder / f"{row.name}-{seed}") for seed in plan.seeds for row in plan.rows
    ]


def write_cell_job(
    workspace: Workspace, plan: Plan, cell: Cell, *, on_progress: OnProgress
) -> Path:
    """Write the job folder of a cell and return it; one that is there already is left as it is.

    The job of another cell (other settings of the row, or another scene) makes way, with all that
    came of it. StudioError where the labels leave fewer than two classes to learn.
    """
    if (cell.job / JOB_FILE).exists() and is_of(read_job(cell.job), plan, cell):
        return cell.job
    if cell.folder.exists():  # a model without its job would pass for this one's
        shutil.rmtree(cell.folder)
    scene = plan.scenery.of(cell.row)
    covered = (
        Coverage(workspace.path(scene.folder)) if scene and cell.row.labels == "covered" else None
    )
    labelled = labelled_frames(plan, cell.row.labels, seed=cell.seed, coverage=covered)
    with written_aside(workspace, cell.job) as aside:
        masks = write_masks(
            labelled,
            plan.class_map,
            aside,
            seed=cell.seed,
            on_frame=lambda done, total: on_progress("preparing", done, total),
        )
        job = Job(
            task="quick" if cell.row.quick else "train",
            views=tuple(
                view_of(workspace, frame, cell.job, masks.get(frame.frame_id, Masks()))
                for frame in plan.frames
            ),
            classes=class_specs(plan.class_map),
            config=to_json(config_of(cell.row, plan.base)),
            seed=cell.seed,
            features=way_from(cell.job, workspace.path(FEATURES)),
            scene=scene and way_from(cell.job, workspace.path(scene.folder)),
            options=_options(plan, cell),
        )
        write_job(job, aside)
    return cell.job


def is_of(job: Job, plan: Plan, cell: Cell) -> bool:
    """Say whether a job in a cell's folder is what the plan has there."""
    config = to_json(config_of(cell.row, plan.base))
    return job.config == config and job.options == _options(plan, cell)


def _options(plan: Plan, cell: Cell) -> dict[str, str]:
    """Return where a cell's model comes from: the child keeps it in the model's folder."""
    scene = plan.scenery.of(cell.row)
    origin = {"benchmark": plan.key, "row": cell.row.name, "seed": str(cell.seed)}
    return origin | ({} if scene is None else {"scene": scene.run.run_id})
