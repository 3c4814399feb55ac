from __future__ import annotations

from app.errors import RunLostError, StudioError


def test_a_lost_run_is_not_told_to_the_user():
    """Who catches StudioError ends the run with its message: a lost attempt must not do so."""
    assert not issubclass(RunLostError, StudioError)
