from __future__ import annotations

import pytest

from app.benchmark import rows
from app.benchmark.rows import DECIDED, ROWS, Row, chosen, config_of
from app.errors import StudioError
from rewis3d.config import QuickConfig
from rewis3d.method import MethodConfig
from rewis3d.presets import changed, resolve, to_json

CPU = resolve("cpu", {})
BY_NAME = {row.name: row for row in ROWS}


def settings(name: str, base: MethodConfig = CPU) -> MethodConfig:
    config = config_of(BY_NAME[name], base)
    assert isinstance(config, MethodConfig)
    return config


def test_the_rows_are_those_of_the_method() -> None:
    assert [row.name for row in ROWS] == [
        "quick",
        "ce",
        "ema",
        "flow",
        "recon",
        "recon+flow",
        "real3d",
        "single",
        "no-weights",
        "pred-only",
        "rec-only",
        "random-sampling",
        "oracle",
        "full",
        "ceiling",
    ]
    assert rows.BASELINE in BY_NAME
    assert rows.SUPERVISED in BY_NAME


@pytest.mark.parametrize(
    ("name", "branches", "consistency", "sampling", "weights"),
    [
        ("ce", "2d", False, "view", (True, True)),
        ("full", "2d", False, "view", (True, True)),
        ("ceiling", "2d", False, "view", (True, True)),
        ("ema", "2d", True, "view", (True, True)),
        ("flow", "2d", True, "view", (True, True)),
        ("oracle", "2d", False, "view", (True, True)),
        ("recon", "both", True, "view", (True, True)),
        ("recon+flow", "both", True, "view", (True, True)),
        ("real3d", "both", True, "view", (True, False)),
        ("single", "both", True, "own", (True, True)),
        ("no-weights", "both", True, "view", (False, False)),
        ("pred-only", "both", True, "view", (True, False)),
        ("rec-only", "both", True, "view", (False, True)),
        ("random-sampling", "both", True, "random", (True, True)),
    ],
)
def test_what_a_row_trains(
    name: str, branches: str, consistency: bool, sampling: str, weights: tuple[bool, bool]
) -> None:
    config = settings(name)
    assert config.networks.branches == branches
    assert config.losses.consistency is consistency
    assert config.sampling.sampling == sampling
    found = config.cross_modal
    assert (found.prediction_weights, found.reconstruction_weights) == weights
    assert config.temporal.temporal is ("flow" in name)
    assert not config.temporal.fused  # the rows compare models, not what is read off them


@pytest.mark.parametrize("row", [row for row in ROWS if not row.quick], ids=lambda row: row.name)
def test_a_row_changes_nothing_but_its_own_settings(row: Row) -> None:
    base = changed(CPU, {"steps": 20, "points": 5000, "lr_2d": 3e-4})
    before, after = to_json(base), to_json(config_of(row, base))
    different = {name for name in before if before[name] != after[name]}
    assert different <= set(row.settings) <= DECIDED


@pytest.mark.parametrize(
    "name", [row.name for row in ROWS if row.settings.get("branches") == "both"]
)
def test_a_3d_row_is_itself_on_any_base(name: str) -> None:
    """Whatever the preset says of the choices that tell rows apart."""
    odd = changed(
        CPU, {"branches": "2d", "consistency": "no", "sampling": "own", "temporal": "yes"}
    )
    assert settings(name, odd) == settings(name)


def test_labels_and_geometry_of_the_rows() -> None:
    labels = {row.name: row.labels for row in ROWS if row.labels != "strokes"}
    assert labels == {"oracle": "covered", "full": "dense", "ceiling": "everywhere"}
    flat = {row.name for row in ROWS if row.geometry == "none"}
    assert flat == {"quick", "ce", "ema", "flow", "full", "ceiling"}
    assert BY_NAME["real3d"].geometry == "real"
    assert BY_NAME["single"].geometry == "single"


def test_a_quick_round_sees_what_the_others_begin_with() -> None:
    base = changed(CPU, {"scale": 1.0, "hidden": 64, "longest": 640, "device": "cpu"})
    assert config_of(BY_NAME["quick"], base) == QuickConfig(
        scale=1.0, hidden=64, longest=640, device="cpu", heads=1, stages="head"
    )


def test_rows_come_in_the_tables_order_and_once() -> None:
    assert [row.name for row in chosen(["recon", "quick", "recon"])] == ["quick", "recon"]


@pytest.mark.parametrize("name", ["recon ", "rekon", "tel"])
def test_an_unknown_row_names_the_known_ones(name: str) -> None:
    with pytest.raises(StudioError, match=f"unknown row '{name}'; known: quick, ce, ema, flow, "):
        chosen(["ema", name])


def test_a_table_needs_a_row() -> None:
    with pytest.raises(StudioError, match="a table needs a row"):
        chosen([])


def test_the_table_cant_be_changed() -> None:
    with pytest.raises(TypeError):
        BY_NAME["ema"].settings["branches"] = "both"  # type: ignore[index]
