"""Settings of the method: names, docstrings, and what can't be trained."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from dataclasses import fields, replace
from typing import Any, get_type_hints

import pytest

from rewis3d import method
from rewis3d.material import ImageAugment
from rewis3d.method import CrossModal, Losses, MethodConfig, Networks, Run
from rewis3d.types import Rewis3dError

GROUPS: dict[str, Any] = get_type_hints(MethodConfig)


def test_no_two_groups_share_a_settings_name() -> None:
    names = Counter(field.name for group in GROUPS.values() for field in fields(group))
    assert [name for name, count in names.items() if count > 1] == []
    assert "kind" not in names  # the key that JSON has beside them


def test_every_setting_says_what_it_is() -> None:
    """A string follows each field of each group: its docstring."""
    silent = []
    for node in ast.walk(ast.parse(inspect.getsource(method))):
        if isinstance(node, ast.ClassDef) and node.name != "MethodConfig":
            for statement, after in zip(node.body, [*node.body[1:], None], strict=True):
                documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                if isinstance(statement, ast.AnnAssign) and not documented:
                    silent.append(f"{node.name}: {ast.unparse(statement.target)}")
    assert silent == []


def test_settings_are_values() -> None:
    one, other = MethodConfig(), MethodConfig()
    assert one == other
    assert hash(one) == hash(other)
    assert replace(one, losses=Losses(beta=0.25)) != other


@pytest.mark.parametrize(
    ("group", "settings", "message"),
    [
        (Networks, {"model": "lite"}, "weights is 'nvidia/mit-b4'; it must be empty for lite"),
        (Networks, {"weights": ""}, "weights is ''; it must be a hub id or a folder"),
        (Networks, {"grid": 0.0}, "grid is 0.0; it must be more than 0"),
        (Run, {"epochs": 0}, "one of epochs, steps, minutes must be more than 0, not 0, 0, 0"),
        (Run, {"steps": 5}, "one of epochs, steps, minutes must be more than 0, not 50, 5, 0"),
        (Run, {"epochs": -1, "steps": 5}, "epochs is -1"),
        (Run, {"batch": 0}, "batch is 0"),
        (Losses, {"beta": 1.0}, "beta is 1.0; it must be 0 or more and less than 1"),
        (
            Losses,
            {"consistency_start": 0.75, "consistency_ramp": 0.5},
            "ramp is 0.5.* 0.25 or less",
        ),
        (CrossModal, {"cmc_start": 1.0}, "cmc_start is 1.0; it must be 0 or more and less than 1"),
        (CrossModal, {"cmc_start": 0.95}, "cmc_ramp is 0.1; it must be 0.05 or less"),
        (CrossModal, {"cmc_start_warm": 0.95}, "cmc_ramp is 0.1; it must be 0.05 or less"),
        (CrossModal, {"lambda_2d": -0.1}, "lambda_2d is -0.1"),
        (method.MeanTeacher, {"alpha": 1.0}, "alpha is 1.0"),
        (method.Optimiser, {"lr_3d": float("inf")}, "lr_3d is inf"),
        (method.Sampling, {"own_share": 1.5}, "own_share is 1.5"),
        (ImageAugment, {"resize_most": 0.4}, "resize_most is 0.4; .* 0.5 or more"),
        (ImageAugment, {"blur_kernel": 6}, "blur_kernel is 6; it must be odd"),
        (method.CloudAugment, {"jitter": -0.1}, "jitter is -0.1"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name(
    group: type, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(Rewis3dError, match=message):
        group(**settings)


def test_a_ramp_may_end_with_the_last_step() -> None:
    thirds = CrossModal(cmc_start=20 / 35, cmc_ramp=15 / 35)
    assert thirds.cmc_start + thirds.cmc_ramp == pytest.approx(1)


def test_lite_is_shown_whole_frames_or_refused() -> None:
    with pytest.raises(Rewis3dError, match="framing"):
        MethodConfig(networks=Networks(model="lite", weights=""))
    whole = ImageAugment(framing="whole")
    assert MethodConfig(networks=Networks(model="lite", weights=""), image=whole)
