"""What a running job says: one frozen record per line of the child's pipe."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from rewis3d.types import Rewis3dError


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the job is: `done` of `total` units of `stage`."""

    stage: str
    done: int
    total: int
    eta_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a curve."""

    series: str
    step: int
    value: float


@dataclass(frozen=True, slots=True)
class Published:
    """A frame's prediction lies complete in the round's folder (paths relative to that folder)."""

    frame_id: int
    labels_file: str
    confidence_file: str


@dataclass(frozen=True, slots=True)
class Scores:
    """The judgement on held-out strokes: fractions in [0, 1], None where there is no such pixel."""

    miou: float | None
    accuracy: float | None
    iou: dict[str, float | None]
    pixels: int


@dataclass(frozen=True, slots=True)
class Done:
    """The job has written all that it promised."""

    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """The job gave up; `message` is one line for people."""

    message: str
    traceback: str


Report = Progress | Point | Published | Scores | Done | Failed
_KINDS = {
    kind.__name__.lower(): kind for kind in (Progress, Point, Published, Scores, Done, Failed)
}


def to_line(report: Report) -> str:
    """Return the report as one line of JSON, without the line end."""
    return json.dumps({"type": type(report).__name__.lower(), **asdict(report)})


def from_line(line: str) -> Report:
    """Read a report written by `to_line`; Rewis3dError on anything else."""
    try:
        fields = json.loads(line)
        return _KINDS[fields.pop("type")](**fields)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Rewis3dError(f"not a report: {line[:200]!r}") from error
