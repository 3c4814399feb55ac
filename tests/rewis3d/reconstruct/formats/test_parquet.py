"""Parquet tables: columns that are asked for, rows in their time, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rewis3d.reconstruct.formats import parquet
from rewis3d.types import Rewis3dError


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Times in any order, two rows each, with lists beside them."""
    path = tmp_path / "t.parquet"
    times = [30, 10, 30, 20, 10, 20]
    lists = pa.array([[float(n), n + 0.5] if n else None for n in range(6)], pa.list_(pa.float32()))
    columns = {"time": times, "name": list("abcdef"), "values": lists}
    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


def test_rows_come_with_the_columns_that_are_wanted(table: Path) -> None:
    found = list(parquet.rows(table, ["name", "values"], batch=4))
    assert [row["name"] for row in found] == list("abcdef")
    assert found[0]["values"] is None
    assert isinstance(found[5]["values"], np.ndarray)
    assert found[5]["values"].dtype == np.float32
    assert found[5]["values"].tolist() == [5, 5.5]
    assert set(found[0]) == {"name", "values"}


def test_a_moment_has_all_of_its_rows_in_whatever_order_it_is_asked_for(table: Path) -> None:
    line = parquet.Timeline(table, "time", ["name"], wanted={10, 20})
    assert line.times.tolist() == [30, 10, 30, 20, 10, 20]
    assert [row["name"] for row in line.at(20)] == ["d", "f"]
    assert [row["name"] for row in line.at(10)] == ["b", "e"]
    assert line.at(10) == []  # once
    assert line.at(30) == []  # not wanted
    assert line.at(99) == []


def test_what_is_wrong_is_named(table: Path) -> None:
    with pytest.raises(Rewis3dError, match=r"t\.parquet: it has no column size"):
        next(parquet.rows(table, ["name", "size"]))
    with pytest.raises(Rewis3dError, match=r"gone\.parquet: can't be read"):
        next(parquet.rows(table.with_name("gone.parquet"), ["name"]))
    table.write_bytes(table.read_bytes()[:-9])
    with pytest.raises(Rewis3dError, match=r"t\.parquet: can't be read"):
        next(parquet.rows(table, ["name"]))


def test_without_pyarrow_it_says_how_to_get_it(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "find_spec", lambda _: None)
    with pytest.raises(Rewis3dError, match=r"pip install 'rewis3d-studio\[waymo\]'"):
        next(parquet.rows(table, ["name"]))
