"""Point clouds of other programs, PLY, LAS or LAZ, in the world of cameras that lie beside them.

LAS and LAZ store whole numbers with a scale and an offset, and are read with laspy.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

import numpy as np
from jaxtyping import Float64
from plyfile import PlyData, PlyParseError

from rewis3d.reconstruct.formats.types import Given, Piece
from rewis3d.types import Rewis3dError

ENDINGS: Final = (".ply", ".las", ".laz")
SPARSE: Final = ("sparse_pc.ply", "points3d.ply", "input.ply")
"""What other programs call the few points that came with the cameras (nerfstudio, 3D Gaussian
splatting): no measured cloud, unless it is named itself."""
_PIECE: Final = 1 << 20
"""Points that are read at a time."""
_STORED: Final = np.dtype(("<f4", 3))
"""x, y, z relative to the origin: a tenth of a millimetre at a kilometre."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """A file of points, all of which every view may see."""

    file: Path
    origin: Float64[np.ndarray, "3"]
    """Of the capture's world, in the file's."""

    def seen_by(
        self, names: Sequence[str], *, scratch: Path
    ) -> Iterator[tuple[str, Iterator[Piece]]]:
        """Yield each of these views with all of the points (see `Measured`).

        They are unpacked once, to a file without a name in `scratch`: 12 bytes a point.
        """
        with tempfile.TemporaryFile(dir=scratch) as file:
            for xyz in pieces(self.file):
                (xyz - self.origin).astype(np.float32).tofile(file)
            file.flush()
            count = file.tell() // _STORED.itemsize
            for name in names:
                yield name, _stored(file, count)


def find(folder: Path) -> Path | None:
    """Return the cloud that lies in a folder, None where there is none.

    Rewis3dError where there are several.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    found = [path for path in files if path.suffix.lower() in ENDINGS]
    found = [path for path in found if path.name.lower() not in SPARSE]
    if len(found) > 1:
        raise Rewis3dError(
            f"{folder}: {len(found)} clouds; name the one that depth is to come from, --given"
            f" {found[0]}, or the cameras alone, and it comes from the images"
        )
    return found[0] if found else None


def beside(file: Path, cameras: Given) -> Given:
    """Return a capture's cameras with a cloud's points for depth; the first camera is the origin.

    A LAS or LAZ is in metres; of a PLY the cameras' source must say it. Rewis3dError names a file
    that can't be read.
    """
    next(pieces(file), None)  # a file that can't be read is said before any work
    origin = cameras.views[0].T_world_camera[:3, 3].copy()
    views = []
    for view in cameras.views:
        T_world_camera = view.T_world_camera.copy()
        T_world_camera[:3, 3] -= origin
        views.append(replace(view, T_world_camera=T_world_camera, depth=None))
    return replace(
        cameras,
        views=tuple(views),
        metric=cameras.metric or file.suffix.lower() != ".ply",
        measured=Cloud(file, origin),
        notes=(*cameras.notes, f"depth from {file.name}"),
    )


def pieces(file: Path) -> Iterator[Piece]:
    """Yield a cloud's points as they are stored, part by part."""
    yield from _ply(file) if file.suffix.lower() == ".ply" else _las(file)


def _ply(file: Path) -> Iterator[Piece]:
    try:
        ply = PlyData.read(file, mmap="r")
        vertices = ply["vertex"].data
        xyz = [vertices[axis] for axis in "xyz"]
    except (OSError, PlyParseError, KeyError, ValueError, UnicodeDecodeError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise Rewis3dError(f"{file}: not a PLY with vertices of x, y and z ({first})") from error
    for start in range(0, len(xyz[0]), _PIECE):
        part = slice(start, start + _PIECE)
        yield np.stack([values[part].astype(np.float64) for values in xyz], axis=1)


def _las(file: Path) -> Iterator[Piece]:
    import laspy

    try:
        with laspy.open(file) as reader:
            left = reader.header.point_count
            for part in reader.chunk_iterator(_PIECE):
                axes = (part.x, part.y, part.z)
                yield np.stack([np.asarray(values, np.float64) for values in axes], axis=1)
                left -= len(part)
        if left:
            raise Rewis3dError(f"{file}: {left} points are missing at its end: it is cut off")
    except (OSError, laspy.LaspyException, ValueError, RuntimeError) as error:
        if isinstance(error, Rewis3dError):
            raise
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise Rewis3dError(f"{file}: not a LAS or LAZ file that can be read ({first})") from error


def _stored(file: IO[bytes], count: int) -> Iterator[Piece]:
    """Yield what was unpacked, part by part."""
    for start in range(0, count, _PIECE):
        wanted = min(_PIECE, count - start)
        offset = start * _STORED.itemsize
        part = np.memmap(file, _STORED, "r", offset=offset, shape=(wanted,))
        yield np.asarray(part, np.float64)
