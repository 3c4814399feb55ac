"""The environment: locks, what the wheel ships, and a clone that imports."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BOXES = ("annotations", "app", "rewis3d")


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return dict(line.split("==") for line in lines if re.match(r"[a-z0-9]", line))


def test_the_locks_hold_what_pyproject_asks_for() -> None:
    runtime = locked("runtime.txt")
    everything = runtime | locked("dev.txt")
    extras = [text for extra in PROJECT["optional-dependencies"].values() for text in extra]
    for versions, needs in ((runtime, PROJECT["dependencies"]), (everything, extras)):
        for need in map(Requirement, needs):
            version = versions.get(canonicalize_name(need.name))
            assert version is not None, f"{need.name} is not locked; run `make lock`"
            assert need.specifier.contains(version, prereleases=True), f"{need}: locked {version}"


def test_the_locks_fit_every_index() -> None:
    for version in (locked("runtime.txt") | locked("dev.txt")).values():
        assert "+" not in version  # a local version ("+cpu") is on one index only


def test_two_opencvs_or_a_torchvision_are_never_locked() -> None:
    names = {*locked("runtime.txt"), *locked("dev.txt")}
    assert names & {"opencv-python", "torchvision", "timm"} == set()


def tracked(*paths: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", *paths], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [Path(name) for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def run(code: str, *arguments: str, folder: Path, **environment: str) -> list[str]:
    """Run Python code in a process that sees nothing of this checkout; its lines of output."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.strip().splitlines()[-1]
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as its wheel installs it, built from the files that git has."""
    clone, target = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("installed")
    for path in tracked(*BOXES, "pyproject.toml", "README.md", "LICENSE"):
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, clone / path)
    build = "from setuptools import build_meta; print(build_meta.build_wheel('dist'))"
    name = run(build, folder=clone)[-1]
    with zipfile.ZipFile(clone / "dist" / name) as wheel:
        wheel.extractall(target)
    return target


def test_the_wheel_ships_every_file_of_the_three_boxes(installed: Path) -> None:
    assert [str(path) for path in tracked(*BOXES) if not (installed / path).is_file()] == []


IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1:]:
    print(importlib.import_module(name).__file__)
"""


def test_every_module_of_a_fresh_clone_imports(installed: Path) -> None:
    # Alembic's door runs only inside a migration, and its revisions have no importable names
    paths = [path for path in tracked(*BOXES) if path.parts[:2] != ("app", "migrations")]
    names = [
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for path in paths
        if path.suffix == ".py"
    ]
    files = run(IMPORT_ALL, *names, folder=installed, PYTHONPATH=str(installed))
    assert len(files) == len(names)
    assert [file for file in files if not file.startswith(str(installed))] == []


def test_setup_says_what_is_missing(tmp_path: Path) -> None:
    """In a copy without .venv, with an interpreter that is not there."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    done = subprocess.run(
        ["bash", "requirements/setup.sh"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHON": "no-such-python"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("setup: no Python 3.11 or newer found (tried no-such-python")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("script", ["setup.sh", "chromium.sh"])
def test_the_scripts_are_executable_bash(script: str) -> None:
    path = ROOT / "requirements" / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)


APT = "#!/bin/sh\necho 'E: Unable to locate package chromium'\nexit 100\n"


@pytest.mark.parametrize(
    ("apt", "line"),
    [
        (APT, "apt-get could not install chromium fonts-dejavu-core: E: Unable to locate package"),
        (None, "the browser tests need chromium fonts-dejavu-core; install it and run again"),
    ],
    ids=["refuses", "missing"],
)
def test_a_browser_that_cannot_be_installed_is_one_line(
    tmp_path: Path, apt: str | None, line: str
) -> None:
    """With nothing on the PATH but the few tools that the script uses, as root."""
    for name in ("env", "mktemp", "grep", "tail", "rm"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    written = {"uname": "#!/bin/sh\necho Linux\n", "id": "#!/bin/sh\necho 0\n", "apt-get": apt}
    for name, text in written.items():
        if text is not None:
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [shutil.which("bash") or "bash", str(ROOT / "requirements" / "chromium.sh")],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"chromium: {line}")
    assert done.stderr.count("\n") == 1
