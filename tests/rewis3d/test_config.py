"""Settings: how they are read from texts, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from rewis3d.config import Checked, QuickConfig, Range, Share, read_settings
from rewis3d.types import Rewis3dError


@dataclass(frozen=True, slots=True)
class Kettle(Checked):
    """One setting of each kind."""

    fill: Share = 0.5
    cups: Annotated[int, Range(least=1, most=8)] = 4
    material: Literal["steel", "glass"] = "steel"
    whistle: bool = False
    name: str = "kettle"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"depth": "1"}, "unknown setting 'depth'"),
        ({"steps": "many"}, "steps: 'many' is not a whole number"),
        ({"steps": "0"}, "steps is 0"),
        ({"dropout": "1"}, "dropout is 1.0"),
        ({"balance": "2"}, "balance is 2.0"),
        ({"device": "tpu"}, "device is 'tpu'"),
    ],
)
def test_what_does_not_fit_a_quick_round_is_named(settings: dict[str, str], message: str) -> None:
    with pytest.raises(Rewis3dError, match=message):
        read_settings(QuickConfig, settings)


def test_texts_are_read_by_the_kinds_of_the_defaults() -> None:
    texts = {"fill": "1", "cups": "2", "material": "glass", "name": "7"}
    assert read_settings(Kettle, texts) == Kettle(1.0, 2, "glass", name="7")
    assert read_settings(Kettle, {}) == Kettle()


@pytest.mark.parametrize("value", [True, "yes", "true", "True", "on", "1"])
def test_a_switch_is_turned_on(value: bool | str) -> None:
    assert read_settings(Kettle, {"whistle": value}).whistle is True


@pytest.mark.parametrize("value", [False, "no", "false", "off", "0"])
def test_a_switch_is_turned_off(value: bool | str) -> None:
    assert read_settings(Kettle, {"whistle": value}).whistle is False


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fill": "1.1"}, "fill is 1.1; it must be 0 or more and 1 or less"),
        ({"fill": "nan"}, "fill is nan"),
        ({"cups": "0"}, "cups is 0; it must be 1 or more and 8 or less"),
        ({"cups": "1.5"}, "cups: '1.5' is not a whole number"),
        ({"material": "wood"}, "material is 'wood'; it must be one of steel, glass"),
        ({"whistle": "perhaps"}, "whistle: 'perhaps' is not yes or no"),
    ],
)
def test_a_value_that_its_type_rules_out_is_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(Rewis3dError, match=message):
        read_settings(Kettle, settings)


def test_the_bounds_of_a_range() -> None:
    half_open = Range(above=0, below=1)
    assert [half_open.holds(value) for value in (0, 1e-9, 0.5, 1)] == [False, True, True, False]
    assert Range().holds(-1e300)
    assert not Range().holds(float("inf"))
    assert str(half_open) == "more than 0 and less than 1"
