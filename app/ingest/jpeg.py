"""JPEGs that are damaged in the middle, which decoders fill with grey and say nothing about.

libjpeg does notice: it writes a warning to the process's standard error, and neither Pillow nor
OpenCV passes it on. So a process of its own decodes the files and reads its own standard error;
`python -P -m app.ingest.jpeg` is that process. It takes a millisecond or two a frame. Damage that
leaves valid codes behind it can't be seen by anybody.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

_LENGTH: Final = struct.Struct(">Q")
_DAMAGE: Final = re.compile(r"Corrupt JPEG data: (.*)|(Premature end) of JPEG file")
_LEFT_OVER: Final = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_END: Final = b"\xff\xd9"


class JpegCheck:
    """Says what is wrong with JPEG files. Made by `checking`."""

    def __init__(self) -> None:
        self._decoder: subprocess.Popen[bytes] | None = None

    def damage(self, data: bytes) -> str | None:
        """Return what libjpeg says of a file's damage; None where it finds none."""
        decoder = self._started()
        assert decoder.stdin is not None and decoder.stdout is not None  # noqa: S101, PT018  pipes
        try:
            decoder.stdin.write(_LENGTH.pack(len(data)))
            decoder.stdin.write(data)
            decoder.stdin.flush()
        except BrokenPipeError:
            pass  # it crashed: there is no answer either
        answer = decoder.stdout.readline()
        if not answer:
            self.close()
            return "its decoder crashed"
        return _worst(answer.decode().strip(), data)

    def close(self) -> None:
        """End the decoder."""
        if self._decoder is not None:
            self._decoder.kill()
            self._decoder.communicate()
            self._decoder = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._decoder is None:
            command = [sys.executable, "-P", "-m", "app.ingest.jpeg"]
            pipe = subprocess.PIPE
            self._decoder = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        return self._decoder


@contextmanager
def checking() -> Iterator[JpegCheck]:
    """Give a check; its decoder starts with the first file and ends with the block."""
    check = JpegCheck()
    try:
        yield check
    finally:
        check.close()


def _worst(warnings: str, data: bytes) -> str | None:
    """Return the first warning that tells of damage."""
    for found in _DAMAGE.finditer(warnings.replace("; ", "\n")):
        line = found[1] or found[2].lower()
        left_over = _LEFT_OVER.fullmatch(line)
        if left_over is None or not _is_filling(data, int(left_over[1])):
            return line
    return None


def _is_filling(data: bytes, count: int) -> bool:
    """Say whether so many bytes before the end marker are what some cameras fill files up with."""
    end = data.rfind(_END)
    return set(data[max(0, end - count) : end]) <= {0, 255}


def serve(files: BinaryIO, answers: BinaryIO) -> None:
    """Decode file after file; answer each with what was written to standard error meanwhile."""
    import cv2
    import numpy as np

    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), sys.stderr.fileno())
        while head := files.read(_LENGTH.size):
            data = files.read(_LENGTH.unpack(head)[0])
            # Small and grey: the codes are all read, and most of the pixels' work is saved.
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
            said.seek(0)
            lines = said.read().splitlines()
            said.seek(0)
            said.truncate()
            answers.write(b"; ".join(lines) + b"\n")
            answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
