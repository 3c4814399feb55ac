"""Every way in which a command can fail ends in one line and an exit status."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from annotations.types import AnnotationError
from app.cli import door
from app.errors import StudioError
from rewis3d.types import Rewis3dError


@pytest.fixture(autouse=True)
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REWIS3D_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(door.TRACEBACK, raising=False)
    return tmp_path / "data"


def failing(error: BaseException) -> int:
    def command() -> None:
        raise error

    return door.run(command)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StudioError("street is not a project folder"), "street is not a project folder"),
        (AnnotationError("class id 7 is unknown"), "class id 7 is unknown"),
        (Rewis3dError("no weights"), "no weights"),
        (StudioError("two\nlines  of it"), "two lines of it"),
        (
            OSError(errno.ENOSPC, "No space left on device", "a.png"),
            "a.png: No space left on device",
        ),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
)
def test_what_the_user_can_mend_is_one_line(
    error: Exception, line: str, capsys: pytest.CaptureFixture[str], data_home: Path
) -> None:
    assert failing(error) == 1
    assert capsys.readouterr() == ("", f"rewis3d: {line}\n")
    assert not data_home.exists()


def test_an_unexpected_error_names_the_file_of_its_traceback(
    capsys: pytest.CaptureFixture[str], data_home: Path
) -> None:
    assert failing(ZeroDivisionError("division by zero")) == 1
    out, err = capsys.readouterr()
    log = data_home / "crash.log"
    assert (out, err) == (
        "",
        f"rewis3d: unexpected ZeroDivisionError: division by zero (traceback in {log})\n",
    )
    assert "raise error" in log.read_text()


def test_where_no_traceback_can_be_kept_the_variable_is_named(
    capsys: pytest.CaptureFixture[str], data_home: Path
) -> None:
    data_home.write_text("a file where the folder should be")
    assert failing(ZeroDivisionError("oh")) == 1
    assert capsys.readouterr().err == (
        "rewis3d: unexpected ZeroDivisionError: oh (REWIS3D_TRACEBACK=1 shows where)\n"
    )


def test_a_setting_that_makes_no_sense_hides_no_other_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REWIS3D_PORT", "many")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert failing(ZeroDivisionError("oh")) == 1
    assert "ZeroDivisionError: oh" in capsys.readouterr().err


def test_the_traceback_is_shown_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(door.TRACEBACK, "1")
    assert failing(StudioError("no")) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.endswith("rewis3d: no\n")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SystemExit(None), 0),
        (SystemExit(0), 0),
        (SystemExit(2), 2),
        (SystemExit("text"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_ends_that_are_no_errors_keep_their_status(
    error: BaseException, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(error) == status
    assert capsys.readouterr() == ("", "")


def test_success_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.run(lambda: None) == 0
    assert capsys.readouterr() == ("", "")
