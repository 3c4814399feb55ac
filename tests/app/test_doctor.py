"""What doctor finds, and that it says how to mend what is wrong."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from app import doctor
from app.doctor import Finding, State

HEALTHY = (
    '{"torch": "2.13.0", "device": "processor, 2 threads", "weights": "/x/w.pth", "problem": null}'
)


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say what the probe process prints, instead of starting it."""

    def answer(out: str = HEALTHY, err: str = "", status: int = 0) -> None:
        def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
            assert command[1:] == ["-P", "-m", "app.probe"]
            return subprocess.CompletedProcess(command, status, out, err)

        monkeypatch.setattr(subprocess, "run", run)

    answer()
    return answer


def found(name: str, folder: Path) -> Finding:
    return next(one for one in doctor.examine(folder) if one.name == name)


def test_a_healthy_machine_has_no_problem(tmp_path: Path, probe: Callable[..., None]) -> None:
    findings = doctor.examine(tmp_path)
    assert [one for one in findings if one.state is State.PROBLEM] == []
    assert {one.name for one in findings} >= {
        "Python",
        "Packages",
        "PyTorch",
        "Backbone weights",
        "Embedded 3D",
        "MapAnything",
        "Depth Anything",
        "pointcept",
        "pyarrow",
        "Chromium",
        "Data folder",
        "Disk",
    }
    assert [one for one in findings if one.state is not State.OK and not one.hint] == []


def test_torch_that_does_not_start(tmp_path: Path, probe: Callable[..., None]) -> None:
    probe(err="Traceback\nImportError: libtorch.so is damaged\n", status=1)
    assert found("PyTorch", tmp_path) == Finding(
        "PyTorch", State.PROBLEM, "does not start", "ImportError: libtorch.so is damaged"
    )


def test_weights_that_were_altered(tmp_path: Path, probe: Callable[..., None]) -> None:
    probe(
        '{"torch": "2", "device": "x", "weights": null, "problem": "w.pth: weights were altered"}'
    )
    assert found("Backbone weights", tmp_path).hint == "w.pth: weights were altered"


def test_a_package_that_is_missing(
    tmp_path: Path, probe: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = doctor.version

    def version(name: str) -> str:
        if name == "gradio":
            raise PackageNotFoundError(name)
        return "0.1" if name == "typer" else real(name)

    monkeypatch.setattr(doctor, "version", version)
    assert found("gradio", tmp_path) == Finding(
        "gradio", State.PROBLEM, "missing", "pip install 'gradio<7,>=6.31'"
    )
    assert found("typer", tmp_path).found == "0.1"
    assert found("Packages", tmp_path).state is State.PROBLEM
    assert doctor.package_versions()["gradio"] is None


def test_what_can_not_reconstruct_says_how_to_get_it(
    tmp_path: Path, probe: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.backends.find_spec", lambda _: None)
    embedded = found("Embedded 3D", tmp_path)
    assert (embedded.state, embedded.hint) == (State.PROBLEM, "pip install pycolmap")
    network = found("MapAnything", tmp_path)
    assert network.state is State.ABSENT
    assert "map-anything.git" in (network.hint or "")


def test_a_data_folder_that_cannot_be_written(tmp_path: Path, probe: Callable[..., None]) -> None:
    (tmp_path / "file").write_text("in the way")
    finding = found("Data folder", tmp_path / "file")
    assert finding.state is State.PROBLEM
    assert finding.hint is not None
    assert "REWIS3D_DATA_HOME" in finding.hint


def test_looking_makes_no_folder(tmp_path: Path, probe: Callable[..., None]) -> None:
    assert found("Data folder", tmp_path / "not" / "there").state is State.OK
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(
    tmp_path: Path, probe: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage(tmp_path))(100, 99, 1_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert found("Disk", tmp_path).state is State.PROBLEM


def test_no_browser_is_no_problem(
    tmp_path: Path, probe: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert found("Chromium", tmp_path).state is State.ABSENT
