"""Scenes: reconstructed, watched, stopped, compared and used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import select
from starlette.responses import Response

from annotations import store
from app import jobs, scenes
from app.attempt import threads
from app.backends import backends
from app.errors import StudioError
from app.outlook import outlook
from app.scenes import SceneRow
from app.schema import scenes as scene_rows
from app.web.context import Body, InStudio, Number, Studio, refusal, reply

router = APIRouter(prefix="/api/scene")

Text = Annotated[str, Field(max_length=200)]
PATHS: Final = ("weights", "depth_weights")
"""Settings that may be a path: a page sends none."""


class NewScene(Body):
    """How to reconstruct."""

    backend: Text = "auto"
    settings: Annotated[dict[Text, Text], Field(max_length=100)] = Field(default_factory=dict)


@router.get("")
def history(studio: InStudio) -> Response:
    """List the scenes, newest first; one that a dead worker left is named as interrupted."""
    jobs.name_interrupted(studio.workspace)
    with studio.workspace.read() as conn:
        rows, active = scenes.list_scenes(conn), scenes.active_scene(conn)
        frames = len(store.list_frames(conn))
    a_frame = _seconds_a_frame(rows)
    return reply(
        {
            "active": active and active.number,
            "scenes": [_as_json(row) for row in rows],
            "backends": [asdict(backend) for backend in backends()],
            "estimate_seconds": _forecast(studio) if a_frame is None else frames * a_frame,
        }
    )


def _seconds_a_frame(rows: Sequence[SceneRow]) -> float | None:
    """Return what a frame took last time; an attempt that went on with another's work is none."""
    for row in rows:
        if row.report is not None and row.run.attempt == 1:
            return row.report["seconds"] / row.report["frames"]["total"]
    return None


def _forecast(studio: Studio) -> float:
    """Return how long the built-in backend would take, as long as no scene has said so."""
    try:
        told = outlook(studio.workspace, backend="colmap", threads=threads(studio.workspace))
    except StudioError:  # no frames yet
        return 0.0
    return told.total_seconds or 0.0


@router.post("")
def start(wanted: NewScene, studio: InStudio) -> Response:
    """Queue a reconstruction of all frames."""
    for name in PATHS:
        if name in wanted.settings:
            raise refusal(400, f"{name} can be set on the command line only: rewis3d reconstruct")
    if wanted.backend == "given":
        line = "cameras are given on the command line: rewis3d reconstruct PROJECT --given DIR"
        raise refusal(400, line)
    number = jobs.start_reconstruct(
        studio.workspace, backend=wanted.backend, overrides=wanted.settings
    )
    studio.live.wake()
    return reply({"scene": number, "run": _run_id(studio, number)})


@router.post("/{number}/cancel")
def cancel(number: Number, studio: InStudio) -> Response:
    """Ask the reconstruction to stop."""
    jobs.request_cancel(studio.workspace, _run_id(studio, number))
    studio.live.wake()
    return _state(studio, number)


@router.post("/{number}/resume")
def resume(number: Number, studio: InStudio) -> Response:
    """Go on with a reconstruction that stopped before its end."""
    jobs.resume(studio.workspace, _run_id(studio, number))
    studio.live.wake()
    return _state(studio, number)


@router.post("/{number}/activate")
def activate(number: Number, studio: InStudio) -> Response:
    """Use this scene from now on."""
    _run_id(studio, number)
    with studio.write() as conn:
        scenes.activate(conn, number)
    return _state(studio, number)


def _as_json(row: SceneRow) -> dict[str, Any]:
    run = row.run
    return {
        "number": row.number,
        "run": run.run_id,
        "state": run.state.value,
        "stage": run.stage,
        "done": run.done,
        "total": run.total,
        "eta_seconds": run.eta_seconds,
        "error": run.error,
        "created_at": row.created_at,
        "seconds": row.seconds,
        "backend": row.config["backend"],
        "config": row.config,
        "report": row.report,
    }


def _state(studio: Studio, number: int) -> Response:
    with studio.workspace.read() as conn:
        return reply({"scene": _as_json(scenes.get_scene(conn, number))})


def _run_id(studio: Studio, number: int) -> str:
    with studio.workspace.read() as conn:
        query = select(scene_rows.c.run_id).where(scene_rows.c.number == number)
        run_id = conn.scalar(query)
    if run_id is None:
        raise refusal(404, f"there is no scene {number}")
    return run_id
