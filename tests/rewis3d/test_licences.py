"""Licences of weights: known ids, local cards, and the honest rest."""

from __future__ import annotations

from pathlib import Path

from rewis3d.licences import licence_of
from rewis3d.reconstruct.config import ReconstructConfig


def test_the_defaults_are_free_to_use() -> None:
    config = ReconstructConfig()
    assert licence_of(config.weights) == "Apache-2.0"
    assert licence_of(config.depth_weights) == "Apache-2.0"


def test_non_commercial_weights_say_so() -> None:
    assert "not for commercial use" in licence_of("facebook/map-anything")


def test_a_local_folders_card_is_read(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlicense: mit\ntags: x\n---\n# Model\n")
    assert licence_of(str(tmp_path)) == "mit"
    (tmp_path / "README.md").write_text("# Model\n")
    assert "not named" in licence_of(str(tmp_path))


def test_what_is_not_known_is_not_guessed() -> None:
    assert licence_of("somebody/some-model").startswith("not known")
