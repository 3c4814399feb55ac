"""Arrays on disk: the same comes back, broken files count as missing, old ones make room."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from rewis3d.array_cache import ArrayCache

SIZES = ((16, 24, 32), (24, 12, 16), (40, 6, 8), (112, 3, 4), (320, 2, 2))


def some_maps(seed: int = 0) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return [torch.randn(1, *size, generator=random) for size in SIZES]


def test_the_cache_gives_back_what_it_took(tmp_path: Path):
    cache = ArrayCache(tmp_path / "features")
    cache.write("a", some_maps())
    found = cache.read("a")
    assert found is not None
    assert all(torch.equal(x, y) for x, y in zip(found, some_maps(), strict=True))
    assert cache.read("b") is None


def test_a_broken_file_counts_as_missing(tmp_path: Path):
    cache = ArrayCache(tmp_path)
    cache.write("a", some_maps())
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    for broken in (b"", content[:100], content[:-1] + bytes([content[-1] ^ 1])):
        path.write_bytes(broken)
        assert cache.read("a") is None


def test_what_was_not_read_for_longest_goes_first(tmp_path: Path):
    one = ArrayCache(tmp_path / "one")
    one.write("a", some_maps())
    size = next((tmp_path / "one").iterdir()).stat().st_size
    cache = ArrayCache(tmp_path / "many", bound_bytes=3 * size)
    for age, key in enumerate("abc"):
        cache.write(key, some_maps())
        os.utime(tmp_path / "many" / f"{key}.maps", (age, age))
    cache.read("a")
    cache.write("d", some_maps())
    left = {path.stem for path in (tmp_path / "many").iterdir()}
    assert left == {"a", "d"}


def test_threads_that_write_and_read_at_once_find_whole_files_or_none(tmp_path: Path):
    cache = ArrayCache(tmp_path, bound_bytes=3 << 20)  # some go while others come

    def both(number: int) -> bool:
        key = f"{number % 5}"
        cache.write(key, some_maps(number % 5))
        found = cache.read(key)
        wanted = some_maps(number % 5)
        return found is None or all(map(torch.equal, found, wanted))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(both, range(60)))
    assert not list(tmp_path.glob("*.partial"))
