from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.errors import StudioError
from app.settings import read_settings, user_data_folder


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in [name for name in os.environ if name.startswith("REWIS3D_")]:
        monkeypatch.delenv(name)


def test_defaults_open_nothing_to_the_network():
    settings = read_settings()
    assert (settings.host, settings.port, settings.token) == ("127.0.0.1", 7860, None)


def test_variables_are_read_when_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("REWIS3D_PORT", "0")
    monkeypatch.setenv("REWIS3D_TOKEN", "secret")
    monkeypatch.setenv("REWIS3D_DATA_HOME", str(tmp_path))
    settings = read_settings()
    assert (settings.port, settings.token, settings.data_home) == (0, "secret", tmp_path)


@pytest.mark.parametrize(
    ("name", "value"), [("REWIS3D_PORT", "70000"), ("REWIS3D_PORT", "x"), ("REWIS3D_THREADS", "0")]
)
def test_a_variable_that_makes_no_sense_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(StudioError, match=f"^{name}='{value}': "):
        read_settings()


@pytest.mark.parametrize(
    ("platform", "tail"),
    [
        ("linux", ".local/share/rewis3d"),
        ("darwin", "Library/Application Support/rewis3d"),
        ("win32", "AppData/Local/rewis3d"),
    ],
)
def test_data_lie_where_the_platform_keeps_them(monkeypatch, platform, tail):
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert user_data_folder() == Path("/home/ann") / tail
    if platform == "linux":
        monkeypatch.setenv("XDG_DATA_HOME", "/data")
        assert user_data_folder() == Path("/data/rewis3d")
