"""What all tests share: which tests run on this machine, and that none is left out unseen."""

from __future__ import annotations

import os
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import pytest

# Set before torch is imported: tests share the cores with servers, children and a browser, and
# threads that spin while they wait take them from each other.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

ROOT = Path(__file__).parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
OPTIONAL = ("gpu", "mapanything", "pointcept")
"""The markers under which a test may be skipped: what they need can't be installed everywhere."""

hypothesis.settings.register_profile("project", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("project")
_left_out = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests on real material where it does not lie beside the project."""
    real = [item for item in items if item.get_closest_marker("shared_data")]
    if real and not SHARED_DATA.is_dir():
        items[:] = [item for item in items if item not in real]
        config.hook.pytest_deselected(items=real)
        config.stash[_left_out] = len(real)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out."""
    count = terminalreporter.config.stash.get(_left_out, 0)
    if count:
        line = f"left out {count} tests on real material: no ../shared/data"
        terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints, where this one is a worker of pytest-xdist."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["left_out"] = session.config.stash.get(_left_out, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker left out: each one collects all tests."""
    told = getattr(node, "workeroutput", {})  # a worker that crashed has none
    stash = node.config.stash
    stash[_left_out] = max(stash.get(_left_out, 0), told.get("left_out", 0))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test of optional hardware or software where that is missing."""
    for marker in OPTIONAL:
        if item.get_closest_marker(marker) and not _present(marker):
            pytest.skip(f"no {marker} on this machine")


def _present(marker: str) -> bool:
    if marker != "gpu":
        return find_spec(marker) is not None
    import torch

    return torch.cuda.is_available()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip outside the optional markers into a failure."""
    report = yield
    expected = hasattr(report, "wasxfail") or any(map(item.get_closest_marker, OPTIONAL))
    return report if expected else _refuse_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure."""
    return _refuse_skip((yield))


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _refuse_skip(report: Report) -> Report:
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped outside {OPTIONAL}: {report.longrepr}"
    return report
