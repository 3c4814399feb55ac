"""What is installed on this machine, what is missing, and how to get it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement

from app.backends import backends

DISTRIBUTION: Final = "rewis3d-studio"
PYTHON: Final = (3, 11)
ROOM_GB: Final = 2.0
"""Below this much free disk a project of a few hundred frames may not fit."""
PROBE_SECONDS: Final = 120
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")


class State(StrEnum):
    """How a finding is to be read."""

    OK = "ok"
    ABSENT = "absent"
    """Optional, and not here."""
    PROBLEM = "problem"
    """The studio, or a part of it, won't work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    found: str
    hint: str | None = None
    """How to mend or get it."""


OPTIONAL: Final = (
    ("psycopg", "PostgreSQL", f"pip install '{DISTRIBUTION}[postgres]'"),
    ("pyarrow", "Waymo Open Dataset", f"pip install '{DISTRIBUTION}[waymo]'"),
    (
        "pointcept",
        "Point Transformer V3 on a GPU",
        "see https://github.com/Pointcept/Pointcept (needs CUDA to build)",
    ),
)
"""Module, what it is for, how to get it."""
NAMES: Final = {"colmap": "Embedded 3D", "mapanything": "MapAnything", "depth": "Depth Anything"}
"""The backends of a reconstruction."""
EMBEDDED: Final = "colmap"


def examine(data_home: Path) -> list[Finding]:
    """Look at everything; takes some seconds, as torch is imported in a process of its own."""
    return [
        _python(),
        *_packages(),
        *_torch(),
        *_reconstruction(),
        *_optional(),
        _browser(),
        _data_home(data_home),
        _room(data_home),
    ]


def package_versions() -> dict[str, str | None]:
    """Return the version of every package that the studio needs; None where it is missing."""
    return {need.name: _version(need.name) for need in _needs()}


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= PYTHON:
        return Finding("Python", State.OK, found)
    wanted = ".".join(map(str, PYTHON))
    return Finding("Python", State.PROBLEM, found, f"install Python {wanted} or newer")


def _packages() -> Iterator[Finding]:
    wrong = 0
    needs = list(_needs())
    for need in needs:
        found = _version(need.name)
        if found is None or not need.specifier.contains(found, prereleases=True):
            wrong += 1
            hint = f"pip install '{need.name}{need.specifier}'"
            yield Finding(need.name, State.PROBLEM, found or "missing", hint)
    state = State.PROBLEM if wrong else State.OK
    yield Finding("Packages", state, f"{len(needs) - wrong} of {len(needs)} as required")


def _needs() -> Iterator[Requirement]:
    for text in requires(DISTRIBUTION) or ():
        need = Requirement(text)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            yield need


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _torch() -> list[Finding]:
    found = _probe()
    if isinstance(found, str):
        return [Finding("PyTorch", State.PROBLEM, "does not start", found)]
    problem = found["problem"]
    return [
        Finding("PyTorch", State.OK, f"{found['torch']} on the {found['device']}"),
        Finding("Backbone weights", State.PROBLEM, "unusable", problem)
        if problem
        else Finding(
            "Backbone weights", State.OK, f"{Path(found['weights']).name}, sha256 checked"
        ),
    ]


def _probe() -> dict[str, Any] | str:
    command = [sys.executable, "-P", "-m", "app.probe"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"`import torch` took more than {PROBE_SECONDS} s"
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
    return json.loads(done.stdout.splitlines()[-1])


def _optional() -> Iterator[Finding]:
    for module, purpose, hint in OPTIONAL:
        if find_spec(module) is None:
            yield Finding(module, State.ABSENT, f"optional: {purpose}", hint)
        else:
            yield Finding(module, State.OK, _version(module) or "installed")


def _reconstruction() -> Iterator[Finding]:
    """Say of each backend but the embedded one, which is needed, that it may be missing."""
    for backend in backends():
        missing = State.PROBLEM if backend.name == EMBEDDED else State.ABSENT
        state = State.OK if backend.ready else missing
        yield Finding(NAMES[backend.name], state, backend.found, backend.hint)


def _browser() -> Finding:
    for name in BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return Finding("Chromium", State.OK, path)
    return Finding(
        "Chromium",
        State.ABSENT,
        "optional: the project's own browser tests",
        "apt-get install chromium",
    )


def _data_home(data_home: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=_existing(data_home)):
            pass
    except OSError as error:
        hint = "set REWIS3D_DATA_HOME to a folder that you can write"
        return Finding("Data folder", State.PROBLEM, f"{data_home}: {error.strerror}", hint)
    return Finding("Data folder", State.OK, str(data_home))


def _room(data_home: Path) -> Finding:
    there = _existing(data_home)
    free = shutil.disk_usage(there).free / 1e9
    found = f"{free:.1f} GB free at {there}"
    if free >= ROOM_GB:
        return Finding("Disk", State.OK, found)
    return Finding("Disk", State.PROBLEM, found, f"free at least {ROOM_GB:g} GB")


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists: nothing is made here."""
    return next(path for path in (folder, *folder.parents) if path.exists())
