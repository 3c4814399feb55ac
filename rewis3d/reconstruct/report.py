"""What a reconstruction says of itself: as JSON for programs, in the studio for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from rewis3d.job import View
from rewis3d.reconstruct.solution import Seam, Solution
from rewis3d.scene import STRICT, SceneFolder, SceneView
from rewis3d.types import Rewis3dError

REPORT_FILE: Final = "report.json"
BINS: Final = 10
"""Of the confidence histogram: equal parts of 0..1."""


@dataclass(frozen=True, slots=True)
class FrameReport:
    """How one frame came out."""

    frame: str
    """The frame's name."""
    frame_id: int
    backend: str | None = None
    """What made its depth; None for a frame that stays 2D only."""
    piece: int | None = None
    """The scene that it lies in."""
    coverage: float = 0.0
    """Share of its pixels with a depth that is good enough to carry labels."""
    reason: str | None = None
    """Why it is 2D only, or what else is to be known of it."""


@dataclass(frozen=True, slots=True)
class SeamReport:
    """Where two chunks of a long clip overlap, as in solution.Seam."""

    frame: str
    """The name of the later chunk's first frame."""
    shared: int
    turn_degrees: float | None
    shift: float | None
    depth: float | None
    joined: bool


@dataclass(frozen=True, slots=True)
class SceneReport:
    """How a reconstruction came out."""

    backend: str
    total: int
    registered: int
    pieces: int
    coverage: float
    """Share of all frames' pixels with confidence above STRICT; 2D-only frames count as none."""
    reprojection_error_px: float | None
    seconds: float
    """Of all attempts together; what the last second before a kill took is lost."""
    per_frame: tuple[FrameReport, ...]
    units: tuple[str, ...] = ()
    """Of each piece: "metric" or "normalised"."""
    cuts: tuple[str, ...] = ()
    """Names of the frames before which the trajectory was cut."""
    confidence_histogram: tuple[float, ...] = ()
    """Shares of the depths by confidence, in BINS equal parts of 0..1."""
    notes: tuple[str, ...] = ()
    seams: tuple[SeamReport, ...] = ()
    """Of a clip that was solved in chunks."""
    estimated_seconds: float | None = None
    """What was said before it began; None where nobody knew."""


def summarise(
    views: Sequence[View],
    solution: Solution,
    scene_folder: SceneFolder,
    *,
    backend: str,
    seconds: float,
    estimated_seconds: float | None = None,
) -> SceneReport:
    """Look at every finished view once and add up what a reconstruction brought."""
    rows = {view.frame_id: FrameReport(view.name, view.frame_id) for view in views}
    counts = np.zeros(BINS)
    for piece, scene in enumerate(solution.scenes):
        for geometry in scene.views:
            view = scene_folder.read_view(geometry)
            counts += _histogram(view)
            rows[view.frame_id] = replace(
                rows[view.frame_id],
                backend=geometry.backend,
                piece=piece,
                coverage=round(float((view.confidence > STRICT).mean()), 4),
            )
    for frame_id, reason in solution.reasons.items():
        rows[frame_id] = replace(rows[frame_id], reason=reason)
    names = {view.frame_id: view.name for view in views}
    return SceneReport(
        backend=backend,
        total=len(views),
        registered=sum(row.backend is not None for row in rows.values()),
        pieces=len(solution.scenes),
        coverage=round(float(np.mean([row.coverage for row in rows.values()])), 4),
        reprojection_error_px=solution.reprojection_error_px,
        seconds=round(seconds, 1),
        per_frame=tuple(rows[view.frame_id] for view in views),
        units=tuple(scene.unit for scene in solution.scenes),
        cuts=tuple(names[frame] for frame in solution.cuts),
        confidence_histogram=tuple((counts / max(counts.sum(), 1)).round(4).tolist()),
        notes=solution.notes,
        seams=tuple(_seam(seam, names) for seam in solution.seams),
        estimated_seconds=None if estimated_seconds is None else round(estimated_seconds, 1),
    )


def _seam(seam: Seam, names: Mapping[int, str]) -> SeamReport:
    figures = (
        None if value is None else round(value, 5) for value in (seam.turn, seam.shift, seam.depth)
    )
    return SeamReport(names[seam.frame], seam.shared, *figures, joined=seam.refusal is None)


def _histogram(view: SceneView) -> np.ndarray:
    confidence = view.confidence[np.asarray(view.depth) > 0]
    return np.histogram(confidence.astype(np.float32), bins=BINS, range=(0, 1))[0]


def to_json(report: SceneReport) -> dict[str, Any]:
    """Return the report as `reconstruct --json` prints it."""
    fields = asdict(report)
    frames = {"total": fields.pop("total"), "registered": fields.pop("registered")}
    return {"backend": fields.pop("backend"), "frames": frames, **fields}


def from_json(fields: dict[str, Any]) -> SceneReport:
    """Read what `to_json` returned; Rewis3dError on anything else."""
    try:
        rest = {name: value for name, value in fields.items() if name != "frames"}
        rest["per_frame"] = tuple(FrameReport(**row) for row in rest["per_frame"])
        rest["seams"] = tuple(SeamReport(**row) for row in rest.get("seams", ()))
        for name in ("units", "cuts", "confidence_histogram", "notes"):
            rest[name] = tuple(rest[name])
        return SceneReport(**fields["frames"], **rest)
    except (KeyError, TypeError) as error:
        raise Rewis3dError(f"not a report of a reconstruction ({error})") from error


def write(report: SceneReport, scene_folder: SceneFolder) -> None:
    """Write the report, which ends the reconstruction."""
    aside = scene_folder.root / f"{REPORT_FILE}.partial"
    aside.write_text(json.dumps(to_json(report), indent=1))
    aside.replace(scene_folder.root / REPORT_FILE)


def read(scene_folder: SceneFolder) -> SceneReport:
    """Read a finished reconstruction's report; Rewis3dError where there is none."""
    path = scene_folder.root / REPORT_FILE
    try:
        return from_json(json.loads(path.read_text()))
    except (OSError, json.JSONDecodeError) as error:
        raise Rewis3dError(f"{path}: can't be read ({error})") from error
