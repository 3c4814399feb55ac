"""Parquet tables, read from front to back with pyarrow, which is optional."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Int64

from rewis3d.types import Rewis3dError

INSTALL: Final = "pip install 'rewis3d-studio[waymo]'"
_BATCH: Final = 4
"""Rows that are decoded at a time: a row of the largest table, a range image, takes 3 MB."""

Row = dict[str, Any]
"""Values by column; those of list columns are arrays."""


def rows(path: Path, columns: Sequence[str], *, batch: int = 256) -> Iterator[Row]:
    """Yield the rows of a table, with these columns alone.

    Rewis3dError where pyarrow is missing, the file can't be read, or a column is not there.
    """
    pyarrow = _module()
    try:
        # buffered: else the whole of a column's compressed chunk is in memory
        table = pyarrow.parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
        missing = [name for name in columns if name not in table.schema_arrow.names]
        if missing:
            raise Rewis3dError(f"{path}: it has no column {missing[0]}")
        for part in table.iter_batches(batch_size=batch, columns=list(columns)):
            for at in range(len(part)):
                yield {name: _value(part[name][at]) for name in columns}
    except (OSError, pyarrow.ArrowException) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise Rewis3dError(f"{path}: can't be read ({first})") from error


def _module() -> Any:
    if find_spec("pyarrow") is None:
        raise Rewis3dError(f"Parquet files need pyarrow, which is not installed: {INSTALL}")
    import pyarrow.parquet  # pyright: ignore[reportMissingImports]  # optional

    return pyarrow


def _value(scalar: Any) -> Any:
    """Return a cell: lists as arrays without a copy in between, an empty cell as None."""
    if not scalar.is_valid:
        return None
    if hasattr(scalar, "values"):
        return scalar.values.to_numpy(zero_copy_only=False)
    return scalar.as_py()


class Timeline:
    """The rows of a large table by their time, read once.

    Few of them are held by who asks for times in the table's order.
    """

    def __init__(
        self, path: Path, time: str, columns: Sequence[str], *, wanted: Collection[int]
    ) -> None:
        """Look at the times; `wanted` are those that will be asked for."""
        self.times: Int64[np.ndarray, "n"] = np.array(
            [row[time] for row in rows(path, [time], batch=4096)], np.int64
        )
        self._left = Counter(at for at in self.times.tolist() if at in wanted)
        self._waiting: defaultdict[int, list[Row]] = defaultdict(list)
        self._rows = rows(path, [time, *columns], batch=_BATCH)
        self._time = time

    def at(self, time: int) -> list[Row]:
        """Return all rows of a time, once; none for a time that was not wanted."""
        while self._left[time]:
            row = next(self._rows)
            of = row[self._time]
            if self._left[of]:
                self._left[of] -= 1
                self._waiting[of].append(row)
        return self._waiting.pop(time, [])
