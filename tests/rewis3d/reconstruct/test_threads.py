"""How many threads there are to work with."""

from __future__ import annotations

import pytest

from rewis3d.reconstruct.threads import threads


def test_threads_are_as_many_as_openmp_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert threads() >= 1
