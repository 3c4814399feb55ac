"""The presets, and the one door between settings and texts or JSON.

docs/method.md compares the presets of the method, and tests/rewis3d/test_presets.py holds that page
to this module. A round's settings are kept as flat JSON: those of a quick round as ever, those of
the method with a `kind`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final, Literal, TypeVar, get_type_hints, overload

from rewis3d.config import QuickConfig, read_settings
from rewis3d.method import LENGTHS, MethodConfig
from rewis3d.types import Rewis3dError

Config = QuickConfig | MethodConfig
OneKind = TypeVar("OneKind", QuickConfig, MethodConfig)
KIND: Final = "kind"
METHOD: Final = "method"
_GROUPS: Final[Mapping[str, Any]] = get_type_hints(MethodConfig)


@overload
def resolve(preset: Literal["quick"], overrides: Mapping[str, str]) -> QuickConfig: ...
@overload
def resolve(
    preset: Literal["paper", "released", "interactive", "cpu"], overrides: Mapping[str, str]
) -> MethodConfig: ...
@overload
def resolve(preset: str, overrides: Mapping[str, str]) -> Config: ...
def resolve(preset: str, overrides: Mapping[str, str]) -> Config:
    """Return the preset with the settings that `name=value` texts override.

    A length that is given takes the place of the preset's: of epochs, steps and minutes one counts.
    Rewis3dError names an unknown preset or setting, or a value that does not fit.
    """
    if preset not in PRESETS:
        raise Rewis3dError(f"unknown preset {preset!r}; known: {', '.join(PRESETS)}")
    config = PRESETS[preset]
    if isinstance(config, QuickConfig):
        return read_settings(QuickConfig, asdict(config) | dict(overrides))
    return changed(config, overrides)


def changed(config: MethodConfig, overrides: Mapping[str, Any]) -> MethodConfig:
    """Return a config with other settings, by name; as `resolve` does with a preset."""
    given = any(name in overrides for name in LENGTHS)
    others = dict.fromkeys(LENGTHS, 0) if given else {}
    return _read_method(_flat(config) | others | dict(overrides))


def to_json(config: Config) -> dict[str, Any]:
    """Return the config as plain JSON values; setting names are the keys."""
    if isinstance(config, QuickConfig):
        return asdict(config)
    return {KIND: METHOD, **_flat(config)}


def from_json(settings: Mapping[str, Any]) -> Config:
    """Read what `to_json` wrote; numbers may be texts. Rewis3dError names what does not fit."""
    if KIND not in settings:
        return read_settings(QuickConfig, settings)
    if settings[KIND] != METHOD:
        raise Rewis3dError(f"settings of an unknown kind {settings[KIND]!r}")
    return _read_method({name: value for name, value in settings.items() if name != KIND})


def read_as(kind: type[OneKind], settings: Mapping[str, Any]) -> OneKind:
    """Read what `to_json` wrote of a config of one kind; Rewis3dError for another kind's."""
    config = from_json(settings)
    if not isinstance(config, kind):
        raise Rewis3dError(f"settings of {type(config).__name__}; wanted {kind.__name__}")
    return config


def quick_of(config: MethodConfig) -> QuickConfig:
    """Return the settings of the quick round that a Lite network begins as: of its head alone."""
    networks = config.networks
    return QuickConfig(
        scale=networks.scale,
        longest=networks.longest,
        hidden=networks.hidden,
        heads=1,
        stages="head",
        device=config.run.device,
    )


def _flat(config: MethodConfig) -> dict[str, Any]:
    """Return the settings of all groups by name."""
    return {name: value for group in asdict(config).values() for name, value in group.items()}


def _read_method(settings: Mapping[str, Any]) -> MethodConfig:
    """Put flat settings into their groups; those that are left out have the defaults."""
    names = {group: [field.name for field in fields(kind)] for group, kind in _GROUPS.items()}
    known = [name for group in names.values() for name in group]
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise Rewis3dError(f"unknown setting {unknown[0]!r}; known: {', '.join(known)}")
    groups = {
        group: read_settings(kind, {n: settings[n] for n in names[group] if n in settings})
        for group, kind in _GROUPS.items()
    }
    return MethodConfig(**groups)


_PAPER: Final = MethodConfig()
_RELEASED: Final = changed(
    _PAPER,
    {
        "alpha": 0.999,
        "warm_up": "epoch",
        "teacher_mode": "train",
        "kl_average": "pixels and classes",
        "w_t_over": "all",
        "cmc_divisor": "weights",
        "c_rec": "raw",
        "lambda_2d": 0.075,
        "lambda_3d": 0.125,
        "epochs": 35,
        "batch": 14,
        "micro_batch": 7,
        "cmc_start": 15 / 35,
        "cmc_ramp": 5 / 35,
        "cmc_stairs": 5,
        "lr_2d": 3e-5,
        "lr_2d_blocks": 2e-4,
        "lr_3d": 2e-3,
        "lr_3d_blocks": 2e-4,
        "own_share": 0.7,
        "resample": "once",
        "radius_quantile": 1.0,
        "rotation_axis": "optical",
        "outside": "clamp",
        "sky_teacher": True,
        "absent_class": "zero",
    },
)
# Lengths, sizes and rates of this one are sensible starts that are not measured yet.
_INTERACTIVE: Final = changed(
    _PAPER,
    {
        "model": "lite",
        "weights": "",
        "warm_start": True,
        "labels": "grown",
        "framing": "whole",
        "minutes": 15.0,
        "batch": 8,
        "micro_batch": 8,
        "frames": "all",
        "fused": True,
        "consistency_start": 0.1,
        "consistency_ramp": 0.1,
        "lr_2d": 1e-3,
        "lr_2d_blocks": 2e-4,
        "weight_decay_2d": 1e-2,
        "lr_3d": 2e-3,
        "lr_3d_blocks": 2e-3,
    },
)
# Measured, but for length and batch: docs/decisions/0008-what-a-short-training-needs.md.
_CPU: Final = changed(
    _INTERACTIVE,
    {
        "minutes": 7.0,
        "batch": 2,
        "micro_batch": 2,
        "precision": "float32",
        "backbone": "frozen",
        "points_model": "tiny",
        "point_features": "lifted",
        "points": 5_000,
        "grid": 0.4,
        "labelled_share": 0.5,
        "labelled_views": 0.25,
        "alpha": 0.95,
        "cmc_divisor": "weights",
        "lambda_2d": 0.3,
        "lambda_3d": 0.3,
        "lr_2d": 3e-3,
        "cutout_size": 60,
    },
)
PRESETS: Final[Mapping[str, Config]] = {
    "quick": QuickConfig(),
    "paper": _PAPER,
    "released": _RELEASED,
    "interactive": _INTERACTIVE,
    "cpu": _CPU,
}
