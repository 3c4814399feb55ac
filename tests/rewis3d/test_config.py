"""Settings of a round: presets, overrides, and what is refused."""

from __future__ import annotations

import pytest

from rewis3d.config import QuickConfig, from_json, resolve, to_json
from rewis3d.types import Rewis3dError


def test_overrides_are_read_by_the_settings_kind():
    config = resolve("quick", {"steps": "7", "dropout": "0.5", "device": "cpu"})
    assert (config.steps, config.dropout, config.device) == (7, 0.5, "cpu")
    assert config.hidden == QuickConfig().hidden


def test_json_gives_the_config_back():
    config = resolve("quick", {"scale": "2"})
    assert from_json(to_json(config)) == config


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"depth": "1"}, "unknown setting 'depth'"),
        ({"steps": "many"}, "steps: 'many' is not a whole number"),
        ({"steps": "0"}, "steps is 0"),
        ({"dropout": "1"}, "dropout is 1.0"),
        ({"balance": "2"}, "balance is 2.0"),
        ({"device": "tpu"}, "device is 'tpu'"),
    ],
)
def test_what_does_not_fit_is_named(overrides, message):
    with pytest.raises(Rewis3dError, match=message):
        resolve("quick", overrides)


def test_an_unknown_preset_is_named():
    with pytest.raises(Rewis3dError, match="unknown preset 'slow'; known: quick"):
        resolve("slow", {})
