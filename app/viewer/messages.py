"""What the web process and the viewer's process say to each other: one JSON object a line.

The web process tells which tabs look, how, and what has changed in the project; the viewer reads
the project itself. It answers where a tab's scene is served and what was clicked in it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, get_args

import orjson

from app.errors import StudioError

Colouring = Literal["image", "strokes", "ghosts", "prediction", "confidence"]
KEY_HEADER: Final = "X-Rewis3d-Viewer-Key"
"""A request to a tab's server brings `Opened.key` in it."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a tab wants to see the scene."""

    colouring: Colouring = "strokes"
    hidden: tuple[int, ...] = ()
    """Ids of the classes whose points are left out where points are coloured by class."""
    confidence: float = 0.05
    """Points of a lower reconstruction confidence are left out."""
    reach: float = 1.0
    """Points further from their camera than this share of the scene's depth range are left out."""
    size: float = 1.0
    """Of points, relative to the distance between them."""
    cameras: bool = True
    """Whether the cameras are shown."""
    dark: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1 or not 0 <= self.reach <= 1:
            raise StudioError("the confidence and the reach of a view in 3D are shares in [0, 1]")
        if not 0.1 <= self.size <= 10:
            raise StudioError(f"points of size {self.size:g}: sizes are 0.1 to 10")


@dataclass(frozen=True, slots=True)
class Open:
    """A tab wants to see the scene; with a tab that is open already, as it is."""

    tab: str
    frame: int | None
    """The frame that the tab shows."""
    appearance: Appearance


@dataclass(frozen=True, slots=True)
class Close:
    """A tab no longer looks."""

    tab: str


@dataclass(frozen=True, slots=True)
class Show:
    """A tab shows another frame, or wants another piece of the reconstruction."""

    tab: str
    frame: int | None = None
    piece: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A tab wants to see the scene differently."""

    tab: str
    appearance: Appearance


@dataclass(frozen=True, slots=True)
class Changed:
    """Something was committed; the viewer reads it from the project."""

    what: Literal["stroke", "class", "prediction", "active", "scene"]
    frame: int | None = None
    """Of a stroke or a prediction; None: of any frame."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A tab's scene is served, on this machine alone, to who knows the key."""

    tab: str
    port: int
    key: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a tab's scene shows; `line` says why where it shows nothing."""

    tab: str
    pieces: tuple[int, ...]
    """Number of cameras of each piece of the reconstruction."""
    piece: int
    points: int
    registered: bool
    """Whether the tab's frame is in the piece that is shown."""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Clicked:
    """Somebody clicked a camera (no xy) or a point, which this frame sees best, in image pixels."""

    tab: str
    frame: int
    xy: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something went wrong; one line for people."""

    line: str


Request = Open | Close | Show | Look | Changed
Answer = Opened | Shown | Clicked | Trouble
_KINDS: Final[dict[str, type[Any]]] = {
    kind.__name__.lower(): kind for kind in get_args(Request) + get_args(Answer)
}


def to_line(message: Request | Answer) -> bytes:
    """Return a message as a line, its end included."""
    row = {"kind": type(message).__name__.lower(), **asdict(message)}
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def from_line(line: bytes) -> Request | Answer:
    """Read a message; StudioError where it is none."""
    try:
        row = orjson.loads(line)
        kind = _KINDS[row.pop("kind")]
        return kind(**{field.name: _read(field.name, row) for field in fields(kind)})
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise StudioError(f"not a message of the 3D viewer: {line[:200]!r}") from error


def _read(name: str, row: dict[str, Any]) -> Any:
    value = row[name]
    if name == "appearance":
        value = Appearance(**{**value, "hidden": tuple(value["hidden"])})
    return tuple(value) if isinstance(value, list) else value
