"""`rewis3d doctor`: what is installed here, what is missing, and how to get it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli.terminal import say, write_json
from app.errors import StudioError


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say what is installed, what is missing, and how to get it."""
    from app import doctor as examination
    from app.settings import read_settings

    findings = examination.examine(read_settings().data_home)
    if json:
        packages = examination.package_versions()
        found = {"findings": [asdict(finding) for finding in findings], "packages": packages}
        write_json(found, Path("-"))
    else:
        for finding in findings:
            say(f"{finding.state:8} {finding.name:18} {finding.found}")
            if finding.hint:
                say(f"{'':27} {finding.hint}")
    wrong = [finding.name for finding in findings if finding.state is examination.State.PROBLEM]
    if wrong:
        raise StudioError(f"not as it should be: {', '.join(wrong)}")
