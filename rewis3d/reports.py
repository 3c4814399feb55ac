"""What a running job says: one frozen record per line of the child's pipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
    fused: bool = False
    """It was read off over time: not what the network says of the frame alone."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Two rounds on pixels whose labels were held out from both, for classes that both have."""

    round: int
    miou: float | None
    """Of the other round, in [0, 1]; None where no such pixel is of a class that both have."""
    own: float | None
    """Of the round that is judged."""
    classes: int
    """How many classes both rounds have, by class id: only pixels labelled with these count."""
    pixels: int
    """How many pixels these are."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The judgement on held-out strokes: fractions in [0, 1], None where there is no such pixel."""

    miou: float | None
    accuracy: float | None
    iou: dict[str, float | None]
    pixels: int
    rival: Rival | None = None
    """The round that was active when this one was started; None where there is no comparison."""
    no_rival: str | None = None
    """Why that round could not be judged on these pixels, for people."""
    strokes: float | None = None
    """mIoU of a head that has learnt the strokes, where another one was tried beside it."""
    around: float | None = None
    """mIoU of that other one, which has learnt from the frames around too. The better one is the
    round's, and `miou` is its."""
    alone: float | None = None
    """mIoU of whole frames' predictions, frame by frame; None where fusing was not tried."""
    fused: float | None = None
    """mIoU of what is read off over time. It is shown where it is not below `alone`."""

    @property
    def helped_by_around(self) -> bool:
        """What was learnt from the frames around is used: it is no worse."""
        return self.around is not None and self.around >= (self.strokes or 0.0)


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


def read_scores(fields: Mapping[str, Any]) -> Scores:
    """Read what `asdict` made of scores; TypeError where it is something else."""
    rival = fields.get("rival")
    if rival is not None:  # of earlier versions no pixels are told: there the other had learnt them
        rival = Rival(**rival) if "pixels" in rival else None
    return Scores(**{**fields, "rival": rival})


def to_line(report: Report) -> str:
    """Return the report as one line of JSON, without the line end."""
    return json.dumps({"type": type(report).__name__.lower(), **asdict(report)})


def from_line(line: str) -> Report:
    """Read a report written by `to_line`; Rewis3dError on anything else."""
    try:
        fields = json.loads(line)
        kind = _KINDS[fields.pop("type")]
        return read_scores(fields) if kind is Scores else kind(**fields)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Rewis3dError(f"not a report: {line[:200]!r}") from error
