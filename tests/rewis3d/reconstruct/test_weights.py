"""What counts as weights that are here."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewis3d.reconstruct import weights


def test_a_local_folder_needs_no_download(tmp_path: Path) -> None:
    assert weights.weights_are_here(str(tmp_path))


def test_the_hubs_cache_counts_when_it_has_all_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not weights.weights_are_here("somebody/no-such-weights")
    cached = {"config.json": str(tmp_path / "config.json")}
    monkeypatch.setattr(weights, "try_to_load_from_cache", lambda _id, name: cached.get(name))
    assert not weights.weights_are_here("somebody/some-weights")
    cached["model.safetensors"] = str(tmp_path / "model.safetensors")
    assert weights.weights_are_here("somebody/some-weights")
