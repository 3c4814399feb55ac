"""Settings of a quick round, and how settings are read and refused."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

from rewis3d.types import Rewis3dError

Settings = TypeVar("Settings")
Number = int | float
DEVICES: Final = ("auto", "cpu", "cuda")
STAGES: Final = ("head", "carried", "pseudo", "fused")
"""Of a quick round, in their order."""


@dataclass(frozen=True, slots=True)
class QuickConfig:
    """The quick round: a frozen backbone and a small head, fitted to the labelled pixels."""

    scale: float = 1.5
    """The backbone sees a frame enlarged by this factor (METHOD.md section 7)."""
    longest: int = 1080
    """Upper bound in pixels on the longer side of what the backbone sees."""
    hidden: int = 128
    """Units of a head's hidden layer."""
    heads: int = 3
    """Heads that are fitted side by side and averaged; in effect one of so many times the units."""
    steps: int = 100
    """Optimiser steps of one fit; more fit the strokes better and other frames worse."""
    batch: int = 1024
    """Labelled pixels in one step."""
    learning_rate: float = 3e-3
    """Peak of the one-cycle schedule of AdamW."""
    weight_decay: float = 1e-2
    """Decoupled weight decay."""
    dropout: float = 0.2
    """Share of hidden units left out in a training step."""
    balance: float = -1.0
    """1 draws each class equally often, 0 draws pixels as they come, -1 favours what is drawn
    most: a scribble per region shows thin things far more often than their area is."""
    grow: int = 6000
    """Pixels around the strokes of a frame that are learnt too, where the image and a first head
    agree on their class (docs/decisions/0004-quick-head.md); 0 learns the strokes alone."""
    grown_steps: int = 200
    """Optimiser steps of the fit to strokes and grown pixels."""
    grown_balance: float = 0.0
    """`balance` of that fit: grown pixels show classes about as often as the frame does."""
    around_steps: int = 400
    """Optimiser steps of the fit to those and to labels of the frames around."""
    stages: str = "head,carried,pseudo,fused"
    """What is done, of: head (fitted to the strokes), carried (a head that also learns strokes that
    optical flow carries to other frames), pseudo (and what the first one is sure of there), fused
    (the clip's labels read off over time). Each is shown where held-out strokes agree."""
    memory: float = 0.9
    """What the frames before and after count in what is fused, for each step away and as far as
    optical flow between them can be trusted."""
    device: str = "auto"
    """auto (CUDA where there is one), cpu or cuda."""

    def __post_init__(self) -> None:
        """Refuse what can't be trained; Rewis3dError names the setting."""
        for name in ("scale", "learning_rate"):
            demand(self, name, getattr(self, name) > 0, "more than 0")
        for name in ("hidden", "heads", "steps", "batch", "grown_steps", "around_steps"):
            demand(self, name, getattr(self, name) >= 1, "1 or more")
        demand(self, "balance", -1 <= self.balance <= 1, "-1 to 1")
        demand(self, "dropout", 0 <= self.dropout < 1, "0 or more and less than 1")
        demand(self, "weight_decay", self.weight_decay >= 0, "0 or more")
        demand(self, "grow", self.grow >= 0, "0 or more")
        demand(self, "memory", 0 <= self.memory < 1, "0 or more and less than 1")
        demand(self, "longest", self.longest >= 32, "32 or more")
        demand(self, "device", self.device in DEVICES, f"one of {', '.join(DEVICES)}")
        known = set(self._stages) <= set(STAGES) and "head" in self._stages
        demand(self, "stages", known, f"head and any of {', '.join(STAGES[1:])}")

    @property
    def _stages(self) -> list[str]:
        return [stage.strip() for stage in self.stages.split(",")]

    def does(self, stage: str) -> bool:
        """Say whether a stage is done."""
        return stage in self._stages


@dataclass(frozen=True, slots=True)
class Range:
    """Where a number lies, as a note to a setting's type: Annotated[float, Range(least=0)]."""

    least: Number = -math.inf
    above: Number = -math.inf
    most: Number = math.inf
    below: Number = math.inf

    def holds(self, value: Number) -> bool:
        """Say whether a number is finite and in the range."""
        finite = math.isfinite(value)
        return finite and self.least <= value <= self.most and self.above < value < self.below

    def __str__(self) -> str:
        bounds = (
            f"{self.least} or more" if self.least > -math.inf else "",
            f"more than {self.above}" if self.above > -math.inf else "",
            f"{self.most} or less" if self.most < math.inf else "",
            f"less than {self.below}" if self.below < math.inf else "",
        )
        return " and ".join(filter(None, bounds)) or "finite"


Positive = Annotated[float, Range(above=0)]
NotNegative = Annotated[float, Range(least=0)]
Share = Annotated[float, Range(least=0, most=1)]
Part = Annotated[float, Range(least=0, below=1)]
"""A share that leaves something."""
Count = Annotated[int, Range(least=1)]
Whole = Annotated[int, Range(least=0)]


class Checked:
    """Base of a frozen dataclass of settings whose numbers lie within the Range of their types."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Refuse what does not fit; Rewis3dError names the setting."""
        for name, kind in get_type_hints(type(self), include_extras=True).items():
            for note in get_args(kind):
                if isinstance(note, Range):
                    demand(self, name, note.holds(getattr(self, name)), str(note))


def read_settings(kind: type[Settings], fields: Mapping[str, Any]) -> Settings:
    """Make a record of settings from texts or JSON values, by the kinds of its defaults.

    A switch is yes, true, on, 1, or no, false, off, 0; a Literal is one of its words. Rewis3dError
    names the setting that is unknown or does not fit.
    """
    # no bound of a type variable that both checkers know says "a dataclass"
    known = dataclasses.fields(kind)  # pyright: ignore[reportArgumentType]
    kinds = {field.name: type(field.default) for field in known}
    unknown = [name for name in fields if name not in kinds]
    if unknown:
        raise Rewis3dError(f"unknown setting {unknown[0]!r}; known: {', '.join(kinds)}")
    values = {name: _read(name, kinds[name], value) for name, value in fields.items()}
    for name, hint in get_type_hints(kind).items():
        words = get_args(hint) if get_origin(hint) is Literal else ()
        if name in values and words and values[name] not in words:
            wanted = ", ".join(words)
            raise Rewis3dError(f"setting {name} is {values[name]!r}; it must be one of {wanted}")
    return kind(**values)


def _read(name: str, kind: type, value: Any) -> Any:
    try:
        return _switch(value) if kind is bool else kind(value)
    except (TypeError, ValueError) as error:
        raise Rewis3dError(f"setting {name}: {value!r} is not {_A[kind]}") from error


def _switch(value: Any) -> bool:
    """Read a switch; ValueError where it is neither on nor off."""
    word = str(value).lower()
    if word not in (*_ON, *_OFF):
        raise ValueError(word)
    return word in _ON


def demand(settings: object, name: str, holds: bool, wanted: str) -> None:
    """Rewis3dError that names the setting where what has to hold does not."""
    if not holds:
        raise Rewis3dError(f"setting {name} is {getattr(settings, name)!r}; it must be {wanted}")


_A: Final = {int: "a whole number", float: "a number", str: "a text", bool: "yes or no"}
_ON: Final = ("yes", "true", "on", "1")
_OFF: Final = ("no", "false", "off", "0")
