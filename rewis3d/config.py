"""How a round trains: one frozen record, made from a preset and what the user overrides."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeVar

from rewis3d.types import Rewis3dError

Settings = TypeVar("Settings")
DEVICES: Final = ("auto", "cpu", "cuda")


@dataclass(frozen=True, slots=True)
class QuickConfig:
    """The quick round: a frozen backbone and a small head, fitted to the labelled pixels."""

    scale: float = 1.5
    """The backbone sees a frame enlarged by this factor (METHOD.md section 7)."""
    longest: int = 1080
    """Upper bound in pixels on the longer side of what the backbone sees."""
    hidden: int = 128
    """Units of the head's hidden layer."""
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
    device: str = "auto"
    """auto (CUDA where there is one), cpu or cuda."""

    def __post_init__(self) -> None:
        """Refuse what can't be trained; Rewis3dError names the setting."""
        for name in ("scale", "learning_rate"):
            demand(self, name, getattr(self, name) > 0, "more than 0")
        for name in ("hidden", "steps", "batch", "grown_steps"):
            demand(self, name, getattr(self, name) >= 1, "1 or more")
        demand(self, "balance", -1 <= self.balance <= 1, "-1 to 1")
        demand(self, "dropout", 0 <= self.dropout < 1, "0 or more and less than 1")
        demand(self, "weight_decay", self.weight_decay >= 0, "0 or more")
        demand(self, "grow", self.grow >= 0, "0 or more")
        demand(self, "longest", self.longest >= 32, "32 or more")
        demand(self, "device", self.device in DEVICES, f"one of {', '.join(DEVICES)}")


def resolve(preset: str, overrides: Mapping[str, str]) -> QuickConfig:
    """Return the preset with the settings that `name=value` texts override.

    Rewis3dError names an unknown preset or setting, or a value that does not fit.
    """
    if preset not in PRESETS:
        raise Rewis3dError(f"unknown preset {preset!r}; known: {', '.join(PRESETS)}")
    return from_json(asdict(PRESETS[preset]) | dict(overrides))


def to_json(config: QuickConfig) -> dict[str, Any]:
    """Return the config as plain JSON values."""
    return asdict(config)


def from_json(fields: Mapping[str, Any]) -> QuickConfig:
    """Read what `to_json` wrote; numbers may be texts. Rewis3dError names what does not fit."""
    return read_settings(QuickConfig, fields)


def read_settings(kind: type[Settings], fields: Mapping[str, Any]) -> Settings:
    """Make a record of settings from texts or JSON values, by the kinds of its defaults.

    Rewis3dError names the setting that is unknown or does not fit.
    """
    # no bound of a type variable that both checkers know says "a dataclass"
    known = dataclasses.fields(kind)  # pyright: ignore[reportArgumentType]
    kinds = {field.name: type(field.default) for field in known}
    unknown = [name for name in fields if name not in kinds]
    if unknown:
        raise Rewis3dError(f"unknown setting {unknown[0]!r}; known: {', '.join(kinds)}")
    return kind(**{name: _read(name, kinds[name], value) for name, value in fields.items()})


def _read(name: str, kind: type, value: Any) -> Any:
    try:
        return kind(value)
    except (TypeError, ValueError) as error:
        raise Rewis3dError(f"setting {name}: {value!r} is not {_A[kind]}") from error


def demand(settings: object, name: str, holds: bool, wanted: str) -> None:
    """Rewis3dError that names the setting where what has to hold does not."""
    if not holds:
        raise Rewis3dError(f"setting {name} is {getattr(settings, name)!r}; it must be {wanted}")


_A: Final = {int: "a whole number", float: "a number", str: "a text"}


PRESETS: Final[Mapping[str, QuickConfig]] = {"quick": QuickConfig()}
