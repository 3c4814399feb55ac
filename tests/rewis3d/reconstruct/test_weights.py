"""What counts as weights that are here."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewis3d.reconstruct.weights import weights_are_here


def test_a_local_folder_counts_when_it_has_all_files(tmp_path: Path) -> None:
    assert not weights_are_here(str(tmp_path))
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).touch()
    assert weights_are_here(str(tmp_path))


def test_the_hubs_cache_counts_when_it_has_all_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not weights_are_here("somebody/no-such-weights")
    cached = {"config.json": str(tmp_path / "config.json")}
    monkeypatch.setattr(
        "huggingface_hub.try_to_load_from_cache", lambda _id, name: cached.get(name)
    )
    assert not weights_are_here("somebody/some-weights")
    cached["model.safetensors"] = str(tmp_path / "model.safetensors")
    assert weights_are_here("somebody/some-weights")


def test_what_is_neither_a_folder_nor_a_hub_id_is_not_here() -> None:
    assert not weights_are_here("/no/such/folder")
