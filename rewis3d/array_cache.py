"""Arrays that are computed once and kept on disk: a frame's maps, the motion between two frames."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from threading import Lock, get_ident
from typing import Final

from safetensors.torch import load, save
from torch import Tensor

BOUND_BYTES: Final = 4 << 30
"""What a cache may take; what was not read for longest goes first."""
_CHECKSUM_BYTES: Final = 4


class ArrayCache:
    """A folder of arrays, one file per key; it may be deleted at any time.

    Several threads may read and write at once, and other processes beside them.
    """

    def __init__(self, folder: Path, *, bound_bytes: int = BOUND_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._bound = bound_bytes
        self._taken = sum(size for _, size, _ in self._files())
        self._lock = Lock()

    def read(self, key: str) -> list[Tensor] | None:
        """Return the arrays kept under a key; None where there are none, or broken ones."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        checksum, body = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
        if not body or zlib.crc32(body).to_bytes(_CHECKSUM_BYTES, "little") != checksum:
            return None
        path.touch()
        arrays = load(body)
        return [arrays[str(index)] for index in range(len(arrays))]

    def write(self, key: str, arrays: Sequence[Tensor]) -> None:
        """Keep arrays in their order; what was not read for longest goes when the cache is full."""
        tensors = {str(i): part.cpu().contiguous() for i, part in enumerate(arrays)}
        body = save(tensors)
        path = self._path(key)
        # two jobs may share a project, and two threads may make the same
        aside = path.with_suffix(f".{os.getpid()}.{get_ident()}.partial")
        with aside.open("wb") as file:
            file.write(zlib.crc32(body).to_bytes(_CHECKSUM_BYTES, "little"))
            file.write(body)
        aside.replace(path)
        with self._lock:
            self._taken += len(body)
            if self._taken > self._bound:
                self._shrink(path)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.maps"

    def _files(self) -> list[tuple[float, int, Path]]:
        """Return (last read, bytes, path) of every file, also of what a killed run left aside."""
        found = []
        for path in self._folder.iterdir():
            try:
                status = path.stat()
            except FileNotFoundError:  # another job's shrinking was faster
                continue
            found.append((status.st_mtime, status.st_size, path))
        return found

    def _shrink(self, kept: Path) -> None:
        """Delete the files read longest ago until a tenth of the bound is free again."""
        files = sorted(self._files())
        self._taken = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self._taken <= 0.9 * self._bound:
                break
            if path != kept:
                path.unlink(missing_ok=True)
                self._taken -= size
