"""Fixtures of the benchmark's tests: dense labels beside the small project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.judged import write_labels


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return write_labels(tmp_path / "labels")
