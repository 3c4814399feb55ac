"""Write runtime.txt and dev.txt: the exact versions that the virtual environment holds."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HERE = Path(__file__).parent
HEADER = "# Written by `make lock` from the environment in .venv; change pyproject.toml instead.\n"


def closure(requirements: Iterable[str]) -> dict[str, str]:
    """Return name -> version of what is installed for these requirements and all that they need."""
    pinned: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    wanted = [Requirement(text) for text in requirements]
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        installed = distribution(requirement.name)
        pinned[name] = Version(installed.version).public
        for extra in {"", *requirement.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            needs = (Requirement(text) for text in installed.requires or ())
            wanted += [need for need in needs if _applies(need, extra)]
    return pinned


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def lines(pinned: dict[str, str]) -> str:
    """Return the lock's text, sorted by name. A local version ("+cpu") is left out."""
    return "".join(f"{name}=={version}\n" for name, version in sorted(pinned.items()))


def main() -> None:
    """Write both locks beside this file."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    runtime = closure(project["dependencies"])
    development = closure(extras)
    rest = {name: version for name, version in development.items() if name not in runtime}
    (HERE / "runtime.txt").write_text(HEADER + lines(runtime))
    (HERE / "dev.txt").write_text(HEADER + "-r runtime.txt\n" + lines(rest))


if __name__ == "__main__":
    main()
