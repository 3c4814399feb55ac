"""The policy on skipping: a test that does not run is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
MARKERS = "[pytest]\nmarkers =\n  gpu: x\n  mapanything: x\n  pointcept: x\n  shared_data: x\n"


@pytest.fixture
def policy(pytester: pytest.Pytester) -> pytest.Pytester:
    """A small project with our conftest, in a process of its own."""
    pytester.makeconftest((Path(__file__).parent / "conftest.py").read_text())
    pytester.makeini(MARKERS)
    return pytester


BOTH = pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "shared out"])
"""As one process, and with workers of pytest-xdist, as `make test` does."""


@pytest.mark.parametrize(
    "test",
    [
        "def test_it():\n    pytest.skip('because')",
        "@pytest.mark.skip(reason='because')\ndef test_it():\n    pass",
        "@pytest.mark.skipif(True, reason='because')\ndef test_it():\n    pass",
        "def test_it():\n    pytest.importorskip('no_such_module')",
    ],
)
def test_a_skip_fails(policy: pytest.Pytester, test: str) -> None:
    policy.makepyfile("import pytest\n" + test)
    result = policy.runpytest()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "skipped" not in result.parseoutcomes()
    result.stdout.fnmatch_lines(["*skipped outside*because*" if "because" in test else "*skipped*"])


@BOTH
def test_a_skipped_module_fails(policy: pytest.Pytester, options: tuple[str, ...]) -> None:
    policy.makepyfile("import pytest\npytest.skip('because', allow_module_level=True)")
    result = policy.runpytest("-rs", *options)
    assert result.ret not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    assert result.parseoutcomes()["errors"] >= 1  # each worker says so


@BOTH
def test_optional_software_is_skipped_with_the_reason(
    policy: pytest.Pytester, options: tuple[str, ...]
) -> None:
    policy.makepyfile("import pytest\n@pytest.mark.pointcept\ndef test_it():\n    assert False")
    result = policy.runpytest("-rs", *options)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*no pointcept on this machine*"])


def test_an_expected_failure_is_no_skip(policy: pytest.Pytester) -> None:
    policy.makepyfile("import pytest\n@pytest.mark.xfail\ndef test_it():\n    assert False")
    policy.runpytest().assert_outcomes(xfailed=1)


@BOTH
def test_absent_material_is_counted(policy: pytest.Pytester, options: tuple[str, ...]) -> None:
    """The pytester's folder has no ../shared/data beside it."""
    policy.makepyfile(
        "import pytest\ndef test_here():\n    pass\n"
        "@pytest.mark.shared_data\ndef test_it():\n    assert False"
    )
    result = policy.runpytest(*options)
    result.assert_outcomes(passed=1, deselected=0 if options else 1)
    result.stdout.fnmatch_lines(["left out 1 tests on real material*"])


def test_a_skip_fails_in_a_worker(policy: pytest.Pytester) -> None:
    policy.makepyfile("import pytest\ndef test_it():\n    pytest.skip('because')")
    result = policy.runpytest("-n", "2")
    result.assert_outcomes(failed=1)
