"""The presets are those of docs/method.md, and settings find their way through texts and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from rewis3d.config import QuickConfig
from rewis3d.method import MethodConfig
from rewis3d.presets import PRESETS, changed, from_json, read_as, resolve, to_json
from rewis3d.types import Rewis3dError

PAGE = Path(__file__).parents[2] / "docs" / "method.md"
COMPARED = ("paper", "released", "interactive", "cpu")


def settings_of(preset: str) -> dict[str, Any]:
    fields = to_json(PRESETS[preset])
    assert fields.pop("kind") == "method"
    return fields


def tables() -> Iterator[tuple[list[str], dict[str, list[str]]]]:
    """Yield each row of the page's tables of presets: its settings, and each preset's values."""
    columns: dict[str, int] = {}
    for line in PAGE.read_text().splitlines():
        if not line.startswith("|"):
            columns = {}
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not columns:
            columns = {title: index for index, title in enumerate(cells)}
        elif set(COMPARED) <= columns.keys() and not cells[0].startswith("---"):
            names = [name.strip("`") for name in cells[columns["setting"]].split(", ")]
            yield names, {preset: cells[columns[preset]].split(", ") for preset in COMPARED}


def written(preset: str) -> dict[str, str]:
    """Return what the page says of a preset."""
    rows = [zip(names, values[preset], strict=True) for names, values in tables()]
    found = [pair for row in rows for pair in row]
    assert len(dict(found)) == len(found), "a setting has two rows"
    return dict(found)


def same(text: str, value: bool | float | str) -> bool:
    """Say whether a cell shows a value."""
    if isinstance(value, bool):
        return text == ("yes" if value else "no")
    if isinstance(value, str):
        return text == (value or "-")
    return float(Fraction(text)) == value


@pytest.mark.parametrize("preset", COMPARED)
def test_the_page_shows_every_setting_of_every_preset(preset: str) -> None:
    shown, settings = written(preset), settings_of(preset)
    assert shown.keys() == settings.keys()
    wrong = {name: (shown[name], settings[name]) for name in shown}
    assert {name: pair for name, pair in wrong.items() if not same(*pair)} == {}


def test_a_wrong_cell_would_be_found() -> None:
    assert same("15/35", 15 / 35)
    assert same("5e-5", 5e-5)
    assert same("-", "")
    assert not same("0.1", 0.125)
    assert not same("no", True)
    assert not same("1", False)


def test_paper_and_released_differ_where_the_method_says() -> None:
    paper, released = settings_of("paper"), settings_of("released")
    differing = {name for name in paper if paper[name] != released[name]}
    assert differing == {
        "alpha",
        "warm_up",
        "teacher_mode",
        "kl_average",
        "w_t_over",
        "cmc_divisor",
        "c_rec",
        "lambda_2d",
        "lambda_3d",
        "epochs",
        "batch",
        "micro_batch",  # a batch in two halves, one on each GPU
        "cmc_start",
        "cmc_ramp",
        "cmc_stairs",
        "lr_2d",
        "lr_2d_blocks",
        "lr_3d",
        "lr_3d_blocks",
        "own_share",
        "resample",
        "radius_quantile",
        "rotation_axis",
        "outside",
        "sky_teacher",
        "absent_class",
    }


def test_the_defaults_are_the_paper() -> None:
    assert PRESETS["paper"] == MethodConfig()
    assert PRESETS["quick"] == QuickConfig()


def test_epochs_become_shares_of_all_steps() -> None:
    assert settings_of("paper")["cmc_start"] == 15 / 50
    assert settings_of("paper")["cmc_ramp"] == 5 / 50
    assert resolve("released", {}).cross_modal.cmc_start * 35 == 15


def test_the_cpu_preset_ends_in_ten_minutes_and_needs_no_download() -> None:
    cpu = resolve("cpu", {})
    assert 0 < cpu.run.minutes <= 10
    assert 5_000 <= cpu.sampling.points <= 20_000
    assert (cpu.networks.model, cpu.networks.weights) == ("lite", "")


def test_rows_of_a_table_are_settings_of_a_preset() -> None:
    ce = resolve("cpu", {"branches": "2d", "consistency": "no"})
    assert (ce.networks.branches, ce.losses.consistency) == ("2d", False)
    single = resolve("cpu", {"sampling": "own", "reconstruction_weights": "off"})
    assert (single.sampling.sampling, single.cross_modal.reconstruction_weights) == ("own", False)
    assert single.cross_modal.prediction_weights


@pytest.mark.parametrize("preset", PRESETS)
def test_json_gives_every_preset_back(preset: str) -> None:
    kept = json.loads(json.dumps(to_json(PRESETS[preset])))
    assert from_json(kept) == PRESETS[preset]


def test_quick_settings_are_kept_as_ever() -> None:
    kept = {
        "scale": 2.0,
        "longest": 1080,
        "hidden": 128,
        "heads": 3,
        "steps": 7,
        "batch": 1024,
        "learning_rate": 0.003,
        "weight_decay": 0.01,
        "dropout": 0.2,
        "balance": -1.0,
        "grow": 6000,
        "grown_steps": 200,
        "grown_balance": 0.0,
        "around_steps": 400,
        "stages": "head,carried,pseudo,fused",
        "memory": 0.9,
        "device": "auto",
    }
    assert to_json(resolve("quick", {"scale": "2", "steps": "7"})) == kept
    assert from_json(kept) == QuickConfig(scale=2.0, steps=7)
    assert from_json({"steps": 7}) == QuickConfig(steps=7)  # of a version with fewer settings


def test_settings_that_json_lacks_have_their_defaults() -> None:
    assert from_json({"kind": "method", "beta": 0.25}) == changed(MethodConfig(), {"beta": 0.25})


def test_overrides_are_read_by_the_settings_kind() -> None:
    config = resolve("quick", {"steps": "7", "dropout": "0.5", "device": "cpu"})
    assert (config.steps, config.dropout, config.device) == (7, 0.5, "cpu")
    assert config.hidden == QuickConfig().hidden
    chosen = resolve("paper", {"beta": "0.25", "batch": "4", "sky_teacher": "yes"})
    assert (chosen.losses.beta, chosen.run.batch, chosen.cross_modal.sky_teacher) == (0.25, 4, True)


@pytest.mark.parametrize(
    ("overrides", "lengths"),
    [
        ({"steps": "300"}, (0, 300, 0)),
        ({"minutes": "2.5"}, (0, 0, 2.5)),
        ({"epochs": "0", "minutes": "3"}, (0, 0, 3)),
        ({"beta": "0"}, (50, 0, 0)),
    ],
)
def test_a_length_takes_the_place_of_the_presets(
    overrides: dict[str, str], lengths: tuple[float, ...]
) -> None:
    run = resolve("paper", overrides).run
    assert (run.epochs, run.steps, run.minutes) == lengths


@pytest.mark.parametrize(
    ("preset", "overrides", "message"),
    [
        ("quick", {"depth": "1"}, "unknown setting 'depth'"),
        ("quick", {"steps": "many"}, "steps: 'many' is not a whole number"),
        ("quick", {"kind": "method"}, "unknown setting 'kind'"),
        ("cpu", {"depth": "1"}, "unknown setting 'depth'; known: branches, model, "),
        ("cpu", {"losses": "1"}, "unknown setting 'losses'"),
        ("cpu", {"kind": "quick"}, "unknown setting 'kind'"),
        ("cpu", {"model": "eomt"}, "model is 'eomt'; it must be one of segformer, lite"),
        ("cpu", {"cmc_start": "1"}, "cmc_start is 1.0"),
        ("cpu", {"steps": "5", "epochs": "5"}, "one of epochs, steps, minutes"),
        ("slow", {}, "unknown preset 'slow'; known: quick, paper, released, interactive, cpu"),
    ],
)
def test_what_does_not_fit_is_named(preset: str, overrides: dict[str, str], message: str) -> None:
    with pytest.raises(Rewis3dError, match=message):
        resolve(preset, overrides)


def test_settings_of_another_kind_are_refused() -> None:
    with pytest.raises(Rewis3dError, match="settings of MethodConfig; wanted QuickConfig"):
        read_as(QuickConfig, to_json(PRESETS["cpu"]))
    with pytest.raises(Rewis3dError, match="settings of QuickConfig; wanted MethodConfig"):
        read_as(MethodConfig, {"steps": 5})
    with pytest.raises(Rewis3dError, match="settings of an unknown kind 'diffusion'"):
        from_json({"kind": "diffusion"})
    assert read_as(MethodConfig, to_json(PRESETS["cpu"])) == PRESETS["cpu"]
