from __future__ import annotations

from pathlib import Path

import pytest

from app import backends as module
from app.backends import backends
from rewis3d.hub import weights_are_here
from rewis3d.licences import licence_of
from rewis3d.reconstruct.config import ReconstructConfig

WEIGHTS = ReconstructConfig().depth_weights


def found(name: str) -> module.Backend:
    return next(backend for backend in backends() if backend.name == name)


def put_weights(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_the_embedded_backend_is_always_there():
    assert found("colmap").ready
    assert found("colmap").hint is None


@pytest.mark.parametrize("missing", ["pycolmap", "numba"])
def test_a_part_that_is_missing_is_named(missing: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == missing else object())
    one = found("colmap")
    assert (one.ready, one.found, one.hint) == (
        False,
        f"{missing} is missing",
        f"pip install {missing}",
    )


def test_mapanything_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    one = found("mapanything")
    assert not one.ready
    assert "own: pip install git+https://github.com/facebookresearch/map-anything.git" in (
        one.hint or ""
    )


def test_mapanything_needs_its_weights_too(monkeypatch: pytest.MonkeyPatch, cache: Path):
    monkeypatch.setattr(module, "find_spec", lambda _: object())
    one = found("mapanything")
    assert (one.ready, one.hint) == (False, "hf download facebook/map-anything-apache")


def test_weights_are_found_in_the_hub_s_cache(cache: Path):
    assert not found("depth").ready
    place = cache / f"models--{WEIGHTS.replace('/', '--')}"
    put_weights(place / "refs")
    (place / "refs" / "main").write_text("abc")
    put_weights(place / "snapshots" / "abc", "config.json")
    assert not found("depth").ready
    put_weights(place / "snapshots" / "abc", "model.safetensors")
    assert found("depth").ready
    assert found("depth").found == f"weights {WEIGHTS}, licence {licence_of(WEIGHTS)}"


def test_weights_are_found_in_a_folder(tmp_path: Path, cache: Path):
    assert not weights_are_here(str(tmp_path / "gone"))
    put_weights(tmp_path, "config.json")
    assert not weights_are_here(str(tmp_path))
    put_weights(tmp_path, "model.safetensors")
    assert weights_are_here(str(tmp_path))
