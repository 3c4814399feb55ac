"""Which published weights lie on this disk: nothing is asked of the network."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewis3d.hub import folder_of, weights_are_here

SAFE = ("config.json", "model.safetensors")
PICKLED = ("config.json", "pytorch_model.bin")


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty snapshot of somebody/weights in a hub cache of its own."""
    snapshot = tmp_path / "models--somebody--weights" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    refs = tmp_path / "models--somebody--weights" / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return snapshot


def fill(folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (folder / name).touch()


def test_a_local_folder_counts_when_it_has_all_files(tmp_path: Path) -> None:
    assert folder_of(str(tmp_path)) == tmp_path
    assert not weights_are_here(str(tmp_path))
    fill(tmp_path, SAFE)
    assert weights_are_here(str(tmp_path))


def test_pickled_weights_count_for_who_reads_them(tmp_path: Path) -> None:
    fill(tmp_path, PICKLED)
    assert not weights_are_here(str(tmp_path))
    assert weights_are_here(str(tmp_path), pickled=True)


def test_the_hubs_cache_counts_when_it_has_all_files(cached: Path) -> None:
    assert folder_of("somebody/weights") is None
    fill(cached, SAFE[:1])
    assert folder_of("somebody/weights") == cached
    assert not weights_are_here("somebody/weights")
    fill(cached, SAFE[1:])
    assert weights_are_here("somebody/weights")
    assert not weights_are_here("somebody/others")


def test_what_is_neither_a_folder_nor_a_hub_id_is_not_here() -> None:
    assert folder_of("/no/such/folder") is None
    assert not weights_are_here("/no/such/folder")
