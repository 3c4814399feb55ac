"""The container file, as far as it can be checked without building it."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
ALLOWED = (ROOT / ".dockerignore").read_text().splitlines()


def copied() -> list[str]:
    sources = [line.split()[1:-1] for line in LINES if line.startswith("COPY")]
    return [source for line in sources for source in line]


def test_what_it_copies_exists() -> None:
    assert copied()
    assert [source for source in copied() if not (ROOT / source).exists()] == []


@pytest.mark.parametrize("source", copied())
def test_the_ignore_file_lets_through_what_it_copies(source: str) -> None:
    """The last pattern that fits decides, as Docker has it."""
    parts = Path(source).parts
    above = ["/".join(parts[: i + 1]) for i in range(len(parts))]
    fits = [
        not line.startswith("!")
        for line in ALLOWED
        if line and not line.startswith("#")
        if any(fnmatch.fnmatchcase(path, line.removeprefix("!")) for path in above)
    ]
    assert fits[-1:] == [False], f"{source} is left out by .dockerignore"


def test_everything_that_the_wheel_needs_is_copied() -> None:
    for needed in ("pyproject.toml", "README.md", "LICENSE", "annotations", "app", "rewis3d"):
        assert needed in copied()


def test_it_does_not_run_as_root() -> None:
    users = [line.split()[1] for line in LINES if line.startswith("USER")]
    assert users
    assert users[-1] not in {"root", "0"}


def test_it_has_a_health_check_on_the_port_that_it_exposes() -> None:
    port = next(line.split()[1] for line in LINES if line.startswith("EXPOSE"))
    check = next(line for line in LINES if line.startswith("HEALTHCHECK"))
    assert f"127.0.0.1:{port}/healthz" in check


def test_the_device_is_chosen_by_a_build_argument() -> None:
    assert any(line.startswith("ARG DEVICE=") for line in LINES)
