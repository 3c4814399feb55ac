"""A full disk costs the command, and nothing that was there before."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import rounds
from app.cli.main import main
from app.workspace import Workspace, open_workspace
from tests.app import samples
from tests.app.cli.conftest import Refused, strokes

Full = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Full]]:
    """A folder and a way to have no room in it: a small tmpfs, or a limit on the size of files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        yield folder, no_file_may_grow  # no right to mount
        return
    try:
        yield folder, lambda: filled_up(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled_up(folder: Path) -> Iterator[None]:
    filler = folder / ".filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    yield
    filler.unlink()


@contextmanager
def no_file_may_grow() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


FULL = re.compile(r"the disk is full|File too large|the disk can't be read or written")


def test_a_full_disk_loses_no_stroke(
    drawn: Workspace, disk: tuple[Path, Full], tmp_path: Path, refused: Refused
) -> None:
    folder, full = disk
    masks = tmp_path / "masks"
    masks.mkdir()
    for index in range(4):
        noise = np.random.default_rng(index).integers(0, 3, (48, 64)).astype(np.uint8)
        Image.fromarray(noise).save(masks / f"frame{index}.png")
    drawn.close()
    shutil.copytree(drawn.root, folder / "p")
    with full():
        assert FULL.search(refused("strokes", "import", folder / "p", masks))
        assert FULL.search(refused("train", folder / "p"))
    with open_workspace(folder / "p") as workspace:
        assert strokes(workspace) == 6
        with workspace.read() as conn:
            assert rounds.list_rounds(conn) == []
    assert main(["strokes", "import", str(folder / "p"), str(masks)]) == 0


def test_no_half_project_on_a_full_disk(
    disk: tuple[Path, Full], tmp_path: Path, refused: Refused
) -> None:
    folder, full = disk
    images = samples.write_images(tmp_path / "images")
    with full():
        assert FULL.search(refused("new", folder / "p", "--images", images))
    assert main(["new", str(folder / "p"), "--images", str(images)]) == 0


def test_the_limit_on_files_is_a_full_disk_too(tmp_path: Path, refused: Refused) -> None:
    """What the two tests above do where nothing may be mounted."""
    images = samples.write_images(tmp_path / "images")
    with no_file_may_grow():
        assert FULL.search(refused("new", tmp_path / "p", "--images", images))
