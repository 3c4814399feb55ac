"""Rounds: started, watched, stopped, compared and shown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy import Connection, select
from starlette.responses import Response

from app import jobs, rounds, runs
from app.rounds import Round
from app.schema import predictions
from app.schema import rounds as round_rows
from app.web.api.classes import as_json as classes_as_json
from app.web.comparing import compare
from app.web.context import Body, BodyNumber, InStudio, Number, Studio, refusal, reply
from app.web.files import project_file
from app.web.trainable import trainable

router = APIRouter(prefix="/api/rounds")

Text = Annotated[str, Field(max_length=200)]
PATHS: Final = ("weights",)
"""Settings that may be a path: a page sends none."""


class NewRound(Body):
    """What to train; `frame` is predicted first. `use_if_better` as in app/rounds.py `finish`."""

    preset: Text = "quick"
    frame: BodyNumber | None = None
    use_if_better: bool = False
    settings: Annotated[dict[Text, Text], Field(max_length=100)] = Field(default_factory=dict)


@router.get("")
def history(studio: InStudio) -> Response:
    """List the rounds, newest first; one that a dead worker left is named as interrupted."""
    jobs.name_interrupted(studio.workspace)
    with studio.workspace.read() as conn:
        found = [_as_json(conn, found_round) for found_round in rounds.list_rounds(conn)]
        active = rounds.active_round(conn)
    return reply({"active": active, "rounds": found})


@router.get("/presets")
def presets() -> Response:
    """List the kinds of rounds, and why some of them can't be trained here."""
    return reply({"presets": [asdict(found) for found in trainable()]})


@router.post("")
def start(wanted: NewRound, studio: InStudio) -> Response:
    """Freeze the labels of now and queue a round on them."""
    for name in PATHS:
        if name in wanted.settings:
            raise refusal(400, f"{name} can be set on the command line only: rewis3d train")
    number = jobs.start_round(
        studio.workspace,
        preset=wanted.preset,
        overrides=wanted.settings,
        current_frame=wanted.frame,
        use_if_better=wanted.use_if_better,
    )
    studio.live.wake()
    with studio.workspace.read() as conn:
        return reply({"round": number, "run": rounds.get_round(conn, number).run.run_id})


@router.post("/{number}/cancel")
def cancel(number: Number, studio: InStudio) -> Response:
    """Ask the round to stop."""
    jobs.request_cancel(studio.workspace, _run_id(studio, number))
    studio.live.wake()
    return _state(studio, number)


@router.post("/{number}/resume")
def resume(number: Number, studio: InStudio) -> Response:
    """Go on with a round that stopped before its end."""
    jobs.resume(studio.workspace, _run_id(studio, number))
    studio.live.wake()
    return _state(studio, number)


@router.post("/{number}/activate")
def activate(number: Number, studio: InStudio) -> Response:
    """Show this round's predictions from now on."""
    _run_id(studio, number)
    with studio.write() as conn:
        rounds.activate(conn, number)
    return _state(studio, number)


@router.get("/{number}/points")
def points(number: Number, studio: InStudio) -> Response:
    """Give the round's curves."""
    run_id = _run_id(studio, number)
    with studio.workspace.read() as conn:
        return reply({"series": runs.curves(conn, run_id)})


@router.get("/{number}/compare/{other}")
def comparison(number: Number, other: Number, studio: InStudio) -> Response:
    """Put two rounds side by side, class by class."""
    for each in (number, other):
        _run_id(studio, each)
    with studio.workspace.read() as conn:
        first, second = (rounds.get_round(conn, each) for each in (number, other))
    pairs = compare(studio.workspace, first, second)
    return reply({"classes": [asdict(pair) for pair in pairs]})


@router.get("/{number}/frames/{frame_id}/labels.png")
def labels(number: Number, frame_id: Number, request: Request, studio: InStudio) -> Response:
    """Give a prediction: a grey PNG of the round's train ids."""
    return _prediction(studio, request, (number, frame_id), column="labels_file")


@router.get("/{number}/frames/{frame_id}/confidence.png")
def confidence(number: Number, frame_id: Number, request: Request, studio: InStudio) -> Response:
    """Give a prediction's confidence: a grey PNG, 255 = certain."""
    return _prediction(studio, request, (number, frame_id), column="confidence_file")


def _as_json(conn: Connection, found: Round) -> dict[str, Any]:
    run = found.run
    awaited = jobs.scene_awaited(conn, run.run_id)
    return {
        "number": found.number,
        "parent": found.parent,
        "preset": found.preset,
        "config": found.config,
        "seed": found.seed,
        "state": run.state.value,
        "stage": run.stage,
        "done": run.done,
        "total": run.total,
        "eta_seconds": run.eta_seconds,
        "attempt": run.attempt,
        "goes_on": jobs.goes_on(run),
        "scene": found.scene,
        "waits_for_scene": awaited and awaited.number,
        "use_if_better": found.use_if_better,
        "label_revision": found.label_revision,
        "strokes_behind": found.strokes_behind,
        "scores": found.scores,
        "error": run.error,
        "created_at": found.created_at,
        "seconds_to_first": found.seconds_to_first,
        "seconds": found.seconds,
        "predicted": found.predicted,
        "fused": found.fused,
        "run": run.run_id,
        "classes": classes_as_json(found.class_map),
    }


def _state(studio: Studio, number: int) -> Response:
    with studio.workspace.read() as conn:
        return reply({"round": _as_json(conn, rounds.get_round(conn, number))})


def _run_id(studio: Studio, number: int) -> str:
    with studio.workspace.read() as conn:
        query = select(round_rows.c.run_id).where(round_rows.c.number == number)
        run_id = conn.scalar(query)
    if run_id is None:
        raise refusal(404, f"there is no round {number}")
    return run_id


def _prediction(studio: Studio, request: Request, key: tuple[int, int], *, column: str) -> Response:
    with studio.workspace.read() as conn:
        relative = _prediction_file(conn, key, column)
    if relative is None:
        raise refusal(404, f"round {key[0]} has no prediction of frame {key[1]}")
    return project_file(request, studio, relative, media_type="image/png")


def _prediction_file(conn: Connection, key: tuple[int, int], column: str) -> str | None:
    query = select(predictions.c[column])
    return conn.scalar(query.where(predictions.c.round == key[0], predictions.c.frame_id == key[1]))
