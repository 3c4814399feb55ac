"""What the environment may say: REWIS3D_* variables, read when asked for, kept in no global."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import StudioError

PREFIX = "REWIS3D_"


def user_data_folder() -> Path:
    """Return where the platform keeps a user's data of this program (not made here)."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "rewis3d"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "rewis3d"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "rewis3d"


class Settings(BaseSettings):
    """The settings; each is the variable of its name in capitals after REWIS3D_."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    token: str | None = None
    """The studio's password. A public address needs one; made up where none is given."""
    host: str = "127.0.0.1"
    """Address that the studio listens on."""
    port: int = Field(default=7860, ge=0, le=65535)
    """Port that the studio listens on; 0 takes a free one."""
    data_home: Path = Field(default_factory=user_data_folder)
    """Where the sample project and downloads live."""
    threads: int | None = Field(default=None, ge=1)
    """CPU threads of a running job; None leaves one core for the studio."""


def read_settings() -> Settings:
    """Read the environment; StudioError names the variable that makes no sense."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise StudioError(f"{name}={first['input']!r}: {first['msg']}") from error
