from __future__ import annotations

from pathlib import Path

import pytest

from app.benchmark.result import FILE, read_result, write_result
from app.errors import StudioError
from tests.app.benchmark.planned import result


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    found = result("ema", 2, other=None, reserved=0.25)
    assert read_result(tmp_path) is None
    write_result(found, tmp_path)
    assert read_result(tmp_path) == found
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"environment": {}}'])
def test_a_damaged_one_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(StudioError, match=r"result\.json: not the result of a cell"):
        read_result(tmp_path)
