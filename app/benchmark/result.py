"""What came out of a cell, as the file that says that it is finished."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from app.environment import Environment
from app.errors import StudioError

FILE: Final = "result.json"


@dataclass(frozen=True, slots=True)
class Result:
    """A cell's scores, by set as an evaluation has them (app/evaluate.py), and what it took."""

    name: str
    """Of the row."""
    seed: int
    miou: dict[str, float | None]
    iou: dict[str, dict[str, float | None]]
    accuracy: dict[str, float | None]
    frames: dict[str, int]
    """How many were judged."""
    drawn_share: float
    """Of the pixels of the frames with strokes, how many the strokes of this seed cover."""
    seconds: float
    peak_memory_bytes: int
    config: dict[str, Any]
    scene: int | None
    """Number of the scene that it trained with."""
    environment: Environment
    """Of the attempt that finished it."""


def write_result(result: Result, folder: Path) -> None:
    """Write a cell's result: from now on it is finished."""
    aside = folder / f"{FILE}.partial"
    aside.write_text(json.dumps(asdict(result), indent=1))
    aside.replace(folder / FILE)


def read_result(folder: Path) -> Result | None:
    """Return a cell's result; None where it is not finished. StudioError where it can't be read."""
    file = folder / FILE
    try:
        fields = json.loads(file.read_text())
        environment = Environment(**fields.pop("environment"))
        return Result(**fields, environment=environment)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudioError(f"{file}: not the result of a cell ({error}); delete it") from error
