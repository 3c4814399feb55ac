"""Rounds: labels, classes and settings frozen under a number, and the predictions made from them.

The first round that predicts is shown by itself. After that the round that is shown changes when
somebody activates another one, when a round that was to be used if it is better is, or when it was
given up before its end and the next one predicts.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from annotations import classes, labelset, store
from annotations.schema import stroke_ops
from annotations.types import ClassMap
from app import events, runs
from app.errors import StudioError
from app.runs import Claim, Run
from app.schema import RunKind, RunState, predictions, project, rounds
from app.schema import runs as runs_table
from rewis3d.presets import KIND
from rewis3d.reports import Published, Scores, read_scores

_GIVEN_UP = (RunState.CANCELLED, RunState.FAILED)


@dataclass(frozen=True, slots=True)
class Round:
    """A round and how far its run is; times are seconds since the epoch."""

    number: int
    parent: int | None
    """The round that was shown when this one started."""
    preset: str
    label_revision: int
    class_map: ClassMap
    """The classes living at that revision; a train id is a place in it."""
    config: dict[str, Any]
    seed: int
    folder: str
    """Relative to the project folder."""
    scores: dict[str, Any] | None
    """The fields of rewis3d.reports.Scores: how the model did on held-out strokes."""
    first_prediction_at: float | None
    created_at: float
    run: Run
    predicted: int
    """Frames with a prediction."""
    fused: int
    """Frames whose prediction was read off over time."""
    strokes_behind: int
    """Strokes that have come or gone since its labels were frozen."""

    @property
    def scene(self) -> int | None:
        """The scene that it trains with; None where it learns in 2D alone."""
        return self.run.request.get("scene")

    @property
    def use_if_better(self) -> bool:
        """Whether it is to be shown once it has done better than the round that is shown."""
        return self.run.request.get("use_if_better", False)

    @property
    def seconds_to_first(self) -> float | None:
        """From the request to the first prediction, waiting included."""
        first = self.first_prediction_at
        return None if first is None else first - self.created_at

    @property
    def seconds(self) -> float | None:
        """From the request to the end, waiting and interruptions included; None before the end."""
        finished = self.run.finished_at
        return None if finished is None else finished - self.created_at


@dataclass(frozen=True, slots=True)
class PredictionFiles:
    """Where a frame's prediction lies, relative to the project folder."""

    frame_id: int
    labels_file: str
    """PNG, uint8: train ids of the round's ClassMap."""
    confidence_file: str
    """PNG, uint8: 255 = certain."""


def create(
    conn: Connection,
    *,
    preset: str,
    config: dict[str, Any],
    seed: int,
    current_frame: int | None = None,
    scene: int | None = None,
    use_if_better: bool = False,
) -> Round:
    """Freeze the labels, classes and settings of now as a new round with a queued run.

    `current_frame` is predicted first; `scene` is the one to train with, which may still be in the
    making; `use_if_better` as in `finish`. StudioError where the strokes can't train anything.
    """
    class_map = classes.classes_at(conn)
    _check_trainable(conn, class_map)
    if current_frame is not None:
        store.get_frame(conn, current_frame)
    number = (conn.execute(select(func.max(rounds.c.number))).scalar() or 0) + 1
    request = {
        "round": number,
        "current_frame": current_frame,
        "scene": scene,
        "use_if_better": use_if_better,
    }
    run_id = runs.create(conn, RunKind.ROUND, request=request)
    conn.execute(
        insert(rounds).values(
            number=number,
            parent=active_round(conn),
            run_id=run_id,
            preset=preset,
            label_revision=store.current_revision(conn),
            class_map=labelset.to_json(class_map),
            config=config,
            seed=seed,
            folder=f"rounds/{number:04d}",
            created_at=time.time(),
        )
    )
    return get_round(conn, number)


def _check_trainable(conn: Connection, class_map: ClassMap) -> None:
    """StudioError unless frames that are not reserved carry strokes of two classes or more."""
    used: set[int] = set()
    counts = store.stroke_counts(conn)
    for frame in store.list_frames(conn):
        if counts.get(frame.frame_id) and not frame.reserved:
            drawn = store.strokes_at(conn, frame.frame_id)
            used.update(stroke.class_id for stroke in drawn if stroke.class_id >= 0)
        if len(used) > 1:
            return
    if not used:
        raise StudioError("nothing is labelled yet: draw strokes of two classes or more first")
    name = next(label.name for label in class_map.classes if label.class_id in used)
    raise StudioError(f"only {name!r} is labelled: draw strokes of a second class first")


def get_round(conn: Connection, number: int) -> Round:
    """Return a round; StudioError where there is none of this number."""
    row = conn.execute(select(rounds).where(rounds.c.number == number)).one_or_none()
    if row is None:
        raise StudioError(f"there is no round {number}")
    return _from_row(conn, row, _strokes_behind(conn, [row.label_revision]))


def list_rounds(conn: Connection) -> list[Round]:
    """Return all rounds, newest first."""
    rows = conn.execute(select(rounds).order_by(rounds.c.number.desc())).all()
    behind = _strokes_behind(conn, [row.label_revision for row in rows])
    return [_from_row(conn, row, behind) for row in rows]


def full_round_before(conn: Connection, number: int) -> Round | None:
    """Return the newest full round before this one that is done."""
    query = select(rounds.c.number, rounds.c.config).join(runs_table)
    query = query.where(rounds.c.number < number, runs_table.c.state == RunState.DONE.value)
    rows = conn.execute(query.order_by(rounds.c.number.desc())).all()
    full = next((row.number for row in rows if KIND in row.config), None)
    return None if full is None else get_round(conn, full)


def active_round(conn: Connection) -> int | None:
    """Return the number of the round that is shown."""
    return conn.execute(select(project.c.active_round)).scalar_one()


def activate(conn: Connection, number: int) -> None:
    """Show this round's predictions from now on; StudioError unless it is done."""
    state = get_round(conn, number).run.state
    if state is not RunState.DONE:
        raise StudioError(f"round {number} can't be activated: it is {state}")
    _show(conn, number)


def publish(conn: Connection, claim: Claim, published: Sequence[Published]) -> None:
    """Announce predictions whose files lie complete in the round's folder.

    The claim is of the round's own run, or of a later one that predicts for it. RunLostError where
    it no longer holds.
    """
    runs.check(conn, claim)
    if not published:
        return
    number = runs.get(conn, claim.run_id).request["round"]
    place = select(rounds.c.folder).where(rounds.c.number == number)
    folder = PurePosixPath(conn.execute(place).scalar_one())
    now = time.time()
    for prediction in published:
        row = {
            "labels_file": str(folder / prediction.labels_file),
            "confidence_file": str(folder / prediction.confidence_file),
            "published_at": now,
            "fused": prediction.fused,
        }
        key = {"round": number, "frame_id": prediction.frame_id}
        _put_prediction(conn, key, row)
        events.append(conn, "prediction", round=number, frame=prediction.frame_id)
    first = update(rounds).where(rounds.c.number == number, rounds.c.first_prediction_at.is_(None))
    conn.execute(first.values(first_prediction_at=now))
    if _is_free(conn):
        _show(conn, number)


def _put_prediction(conn: Connection, key: dict[str, int], row: dict[str, Any]) -> None:
    mine = [predictions.c[name] == value for name, value in key.items()]
    if conn.execute(update(predictions).where(*mine).values(**row)).rowcount == 0:
        conn.execute(insert(predictions).values(**key, **row))


def _is_free(conn: Connection) -> bool:
    """Say whether no round is shown, or one that nobody chose and that was given up."""
    shown = active_round(conn)
    run = select(runs_table.c.state).join(rounds).where(rounds.c.number == shown)
    return shown is None or conn.execute(run).scalar_one() in _GIVEN_UP


def _show(conn: Connection, number: int) -> None:
    conn.execute(update(project).values(active_round=number))
    events.append(conn, "active", round=number)


def record_scores(conn: Connection, claim: Claim, scores: Scores) -> None:
    """Keep the judgement of the claim's round on held-out strokes."""
    runs.check(conn, claim)
    mine = update(rounds).where(rounds.c.run_id == claim.run_id)
    conn.execute(mine.values(scores=asdict(scores)))


def finish(conn: Connection, claim: Claim) -> None:
    """Show the claim's round from now on, where that was asked for and it has done better.

    Better is a higher mean IoU on the same held-out pixels than the round that is shown now: one
    that somebody chose meanwhile was not compared, and stays. The caller ends the run in the same
    transaction. RunLostError where the claim no longer holds.
    """
    runs.check(conn, claim)
    request = runs.get(conn, claim.run_id).request
    if request.get("use_if_better") and _beats_the_shown(conn, request["round"]):
        _show(conn, request["round"])


def _beats_the_shown(conn: Connection, number: int) -> bool:
    rival = (get_round(conn, number).scores or {}).get("rival")
    if rival is None or rival["round"] != active_round(conn):
        return False
    return rival["own"] is not None and rival["miou"] is not None and rival["own"] > rival["miou"]


def predictions_of(conn: Connection, number: int) -> dict[int, PredictionFiles]:
    """Return the published predictions of a round by frame id."""
    rows = conn.execute(select(predictions).where(predictions.c.round == number))
    return {
        row.frame_id: PredictionFiles(row.frame_id, row.labels_file, row.confidence_file)
        for row in rows
    }


def _from_row(conn: Connection, row: Row[Any], behind: Mapping[int, int]) -> Round:
    fields = row._asdict()
    scores = fields.pop("scores")
    count = select(func.count(), func.count().filter(predictions.c.fused))
    counted = conn.execute(count.where(predictions.c.round == row.number)).one()
    return Round(
        class_map=labelset.from_json(fields.pop("class_map")),
        scores=scores and asdict(read_scores(scores)),  # earlier versions know fewer fields
        run=runs.get(conn, fields.pop("run_id")),
        predicted=counted[0],
        fused=counted[1],
        strokes_behind=behind[row.label_revision],
        **fields,
    )


def _strokes_behind(conn: Connection, revisions: Iterable[int]) -> dict[int, int]:
    """Count by revision the strokes that are there now and were not then, or the reverse."""
    waiting = sorted(set(revisions), reverse=True)
    then: dict[int, set[str]] = {}
    there: set[str] = set()
    ops = select(stroke_ops.c.revision, stroke_ops.c.stroke_uuid, stroke_ops.c.kind)
    for revision, uuid, kind in conn.execute(ops.order_by(stroke_ops.c.id)):
        while waiting and revision > waiting[-1]:
            then[waiting.pop()] = there.copy()
        (there.discard if kind == "remove" else there.add)(uuid)
    return {**dict.fromkeys(waiting, 0), **{key: len(old ^ there) for key, old in then.items()}}
