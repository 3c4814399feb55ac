"""The rows of a table: which labels, which geometry and which settings make each of them.

All rows of a table share backbone, start, frames and steps; a row is what it changes of them. Its
settings are what `--set` can't change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from app.errors import StudioError
from rewis3d.method import MethodConfig
from rewis3d.presets import Config, changed, quick_of

Labels = Literal["strokes", "covered", "dense", "everywhere"]
"""Strokes on the chosen frames; these, and all pixels of every frame whose depth carries labels;
all pixels of the chosen frames; or all pixels of every frame."""
Geometry = Literal["none", "scene", "single", "real"]
"""The scene in use; single: that of a monocular backend where there is one; real: given depth."""

BASELINE: Final = "ema"
"""What other rows are compared with."""
SUPERVISED: Final = "full"
"""What the gap to is measured by."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table."""

    name: str
    what: str
    """For people."""
    settings: Mapping[str, str]
    labels: Labels = "strokes"
    geometry: Geometry = "none"
    quick: bool = False
    """A quick round, which the rounds of the other rows start from."""


def _settings(**changes: str) -> Mapping[str, str]:
    return MappingProxyType(changes)


def _in_3d(**changes: str) -> Mapping[str, str]:
    """Return the settings of the method as the paper has it, but for some changes."""
    whole = {"branches": "both", "consistency": "yes", "sampling": "view"}
    weighted = {"prediction_weights": "yes", "reconstruction_weights": "yes"}
    return _settings(**{**whole, **weighted, **_OF_ONE_MOMENT, **changes})


_OF_ONE_MOMENT: Final = _settings(temporal="no", fused="no")
"""Frames tell each other nothing but what the scene carries."""
_IN_2D: Final = _settings(branches="2d", consistency="yes", **_OF_ONE_MOMENT)
_LABELS_ALONE: Final = _settings(**{**_IN_2D, "consistency": "no"})

ROWS: Final[tuple[Row, ...]] = (
    Row("quick", "the head of a quick round", _settings(), quick=True),
    Row("ce", "strokes alone teach", _LABELS_ALONE),
    Row("ema", "strokes and a mean teacher, in 2D", _IN_2D),
    Row(
        "flow",
        "the same, and what the frames around tell along optical flow",
        _settings(**{**_IN_2D, "temporal": "yes"}),
    ),
    Row("recon", "the method on the reconstructed scene", _in_3d(), geometry="scene"),
    Row(
        "recon+flow",
        "the same, and what the frames around tell along optical flow",
        _in_3d(temporal="yes"),
        geometry="scene",
    ),
    Row(
        "real3d",
        "the method on given depth, trusted everywhere",
        _in_3d(reconstruction_weights="no"),
        geometry="real",
    ),
    Row(
        "single",
        "the method, a frame's own points alone",
        _in_3d(sampling="own"),
        geometry="single",
    ),
    Row(
        "no-weights",
        "the method, pairs count alike",
        _in_3d(prediction_weights="no", reconstruction_weights="no"),
        geometry="scene",
    ),
    Row(
        "pred-only",
        "the method, pairs weighed by predictions alone",
        _in_3d(reconstruction_weights="no"),
        geometry="scene",
    ),
    Row(
        "rec-only",
        "the method, pairs weighed by geometry alone",
        _in_3d(prediction_weights="no"),
        geometry="scene",
    ),
    Row(
        "random-sampling",
        "the method, points from anywhere",
        _in_3d(sampling="random"),
        geometry="scene",
    ),
    Row(
        "oracle",
        "strokes, and exact labels on every frame where the scene's depth carries labels",
        _LABELS_ALONE,
        labels="covered",
        geometry="scene",
    ),
    Row("full", "dense labels on the same frames", _LABELS_ALONE, labels="dense"),
    Row("ceiling", "dense labels on every frame", _LABELS_ALONE, labels="everywhere"),
)
DECIDED: Final = frozenset(name for row in ROWS for name in row.settings)
"""Settings that tell rows apart."""


def chosen(names: Sequence[str]) -> tuple[Row, ...]:
    """Return the rows of these names, in the table's order; StudioError names an unknown one."""
    known = {row.name for row in ROWS}
    unknown = [name for name in names if name not in known]
    if unknown:
        listed = ", ".join(row.name for row in ROWS)
        raise StudioError(f"unknown row {unknown[0]!r}; known: {listed}")
    if not names:
        raise StudioError("a table needs a row")
    return tuple(row for row in ROWS if row.name in names)


def config_of(row: Row, base: MethodConfig) -> Config:
    """Return the settings of a row's cells; a quick round has those that it shares with others."""
    return quick_of(base) if row.quick else changed(base, row.settings)
