"""Exports: labels, strokes and models to take away."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from fastapi import APIRouter
from sqlalchemy import select
from starlette.responses import FileResponse, Response

from app import jobs, runs
from app.archive import write_zip
from app.bridge import EXPORTS
from app.errors import StudioError
from app.runs import Run
from app.schema import RunKind, RunState, project
from app.web import exporting
from app.web.context import Body, BodyNumber, InStudio, Studio, refusal, reply

router = APIRouter(prefix="/api/exports")
FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "labels": ("png",),
    "strokes": ("json",),
    "model": ("onnx", "huggingface"),
}
_zipping = threading.Lock()


class NewExport(Body):
    """What to export; without a round the active one's predictions or model."""

    what: Literal["labels", "strokes", "model"]
    format: str
    round: BodyNumber | None = None


@router.get("")
def listing(studio: InStudio) -> Response:
    """List the exports, newest first."""
    jobs.name_interrupted(studio.workspace)
    with studio.workspace.read() as conn:
        found = runs.list_runs(conn, kind=RunKind.EXPORT)
    return reply({"exports": [_as_json(studio, run) for run in found]})


@router.post("")
def start(wanted: NewExport, studio: InStudio) -> Response:
    """Start an export."""
    known = FORMATS[wanted.what]
    if wanted.format not in known:
        raise refusal(400, f"unknown format {wanted.format!r}; known: {', '.join(known)}")
    if wanted.what == "model":
        run_id = jobs.start_export(
            studio.workspace, format=wanted.format, round_number=wanted.round
        )
        studio.live.wake()
    else:
        request = {"what": wanted.what, "format": wanted.format, "round": wanted.round}
        run_id = exporting.start(studio, request)
    return reply({"run": run_id})


@router.get("/{run_id}/download")
def download(run_id: str, studio: InStudio) -> Response:
    """Give the export as a zip file."""
    with studio.workspace.read() as conn:
        name = conn.execute(select(project.c.name)).scalar_one()
        found = {run.run_id: run for run in runs.list_runs(conn, kind=RunKind.EXPORT)}
    run = found.get(run_id)
    if run is None:
        raise refusal(404, f"there is no export {run_id!r}")
    if run.state is not RunState.DONE:
        raise StudioError(f"the export is not done: it is {run.state}")
    file = _zip(studio, run_id)
    parts = [name, run.request["what"], run.request["format"]]
    return FileResponse(
        file, filename=f"{'-'.join(parts)}.zip", headers={"Cache-Control": "no-store"}
    )


def _zip(studio: Studio, run_id: str) -> Path:
    file = studio.workspace.path(f"{EXPORTS}/{run_id}.zip")
    folder = studio.workspace.path(f"{EXPORTS}/{run_id}")
    with _zipping:  # a second click must not write into the first one's file
        if not file.exists():
            if not folder.is_dir():
                raise refusal(404, f"{EXPORTS}/{run_id} is missing from the project folder")
            write_zip(folder, file)
    return file


def _as_json(studio: Studio, run: Run) -> dict[str, Any]:
    file = studio.workspace.path(f"{EXPORTS}/{run.run_id}.zip")
    return {
        "run": run.run_id,
        "what": run.request.get("what", "model"),
        "format": run.request.get("format"),
        "round": run.request.get("round"),
        "state": run.state.value,
        "stage": run.stage,
        "done": run.done,
        "total": run.total,
        "error": run.error,
        "created_at": run.created_at,
        "bytes": file.stat().st_size if file.is_file() else None,
    }
