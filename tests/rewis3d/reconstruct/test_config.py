"""Settings of a reconstruction: read from texts, refused by name."""

from __future__ import annotations

import pytest

from rewis3d.reconstruct.config import ReconstructConfig, from_json, resolve, to_json
from rewis3d.types import Rewis3dError


def test_texts_override_the_defaults() -> None:
    config = resolve("colmap", {"focal": "512.5", "planes": "64"})
    assert config == ReconstructConfig(backend="colmap", focal=512.5, planes=64)


def test_json_gives_the_same_record_back() -> None:
    config = resolve("auto", {"weights": "some/folder"})
    assert from_json(to_json(config)) == config


@pytest.mark.parametrize(
    ("backend", "overrides", "named"),
    [
        ("guess", {}, "setting backend is 'guess'"),
        ("colmap", {"focal": "wide"}, "setting focal: 'wide' is not a number"),
        ("colmap", {"focal": "-3"}, "setting focal is -3.0"),
        ("colmap", {"focal": "nan"}, "setting focal is nan"),
        ("colmap", {"planes": "4"}, "setting planes is 4"),
        ("colmap", {"sources": "0"}, "setting sources is 0"),
        ("colmap", {"max_side": "10"}, "setting max_side is 10"),
        ("mapanything", {"batch": "201"}, "setting batch is 201"),
        ("colmap", {"chunk": "9"}, "setting chunk is 9"),
        ("colmap", {"overlap": "-1"}, "setting overlap is -1"),
        ("depth", {"device": "tpu"}, "setting device is 'tpu'"),
        ("colmap", {"colour": "red"}, "unknown setting 'colour'"),
    ],
)
def test_what_can_not_be_is_named(backend: str, overrides: dict[str, str], named: str) -> None:
    with pytest.raises(Rewis3dError, match=named):
        resolve(backend, overrides)
