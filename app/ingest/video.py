"""A video becomes a clip."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from app.errors import StudioError
from app.ingest.clip import clean_name, incoming
from app.ingest.pace import every, nearest
from app.ingest.picture import MAX_PIXELS, encode
from app.ingest.report import ImportReport, OnProgress, nothing
from app.workspace import Workspace

FORMATS: Final = "mov,mp4,matroska,webm,avi"
"""Containers that are opened. Others, such as playlists, could make FFmpeg read other files."""
_SHORT: Final = 2.5
"""Frames by which a video may miss the length that it claims before it counts as cut short."""


def import_video(
    workspace: Workspace,
    file: Path,
    *,
    fps: float | None = None,
    stride: int | None = None,
    on_progress: OnProgress = nothing,
) -> ImportReport:
    """Take in a video: all frames, every `stride`-th, or the nearest to each 1/`fps` seconds.

    The frames keep their time from the first one. What a damaged video still gives is taken in and
    the report says so; StudioError where that is nothing. Progress counts the frames of the file.
    """
    _check_pace(fps, stride)
    name = clean_name(file.stem)
    with _opened(file) as container, incoming(workspace) as clip:
        reader = _Reader(file, container)
        frames = reader.frames()
        for time, frame in every(frames, stride or 1) if fps is None else nearest(frames, fps):
            image = _upright(_square(file, frame, reader.pixel_aspect), frame)
            clip.add(f"{name}-{len(clip):06d}", encode(image), timestamp=time)
            on_progress(reader.decoded, max(reader.expected, reader.decoded))
        if len(clip) == 0:
            reason = f" ({reader.stopped_by})" if reader.stopped_by else ""
            raise StudioError(f"{file}: no frame could be read{reason}")
        on_progress(reader.decoded, reader.decoded)
        frame_ids = clip.commit(name, kind="video")
    return ImportReport(frame_ids, notes=reader.notes())


class _Reader:
    """Decodes a video's frames and knows afterwards what was wrong with it."""

    def __init__(self, file: Path, container: InputContainer) -> None:
        self._file = file
        self._container = container
        self._stream = _video_stream(file, container)
        self._step = 1 / float(self._stream.average_rate or 25)
        self._end = 0.0  # seconds from the first frame to the last one's end
        self._claimed = _claimed_seconds(self._stream, container)
        self.pixel_aspect = self._stream.sample_aspect_ratio or Fraction(1)
        """A pixel's width by its height; 1 where the file says nothing."""
        self.decoded = 0
        self.damaged = 0
        """Pieces that could not be decoded."""
        self.stopped_by: str | None = None
        """Why reading ended before the end of the file."""
        self.expected = self._stream.frames or round(self._claimed / self._step)
        """How many frames there are by the file's own words, or about; 0 where it says nothing."""

    def frames(self) -> Iterator[tuple[float, VideoFrame]]:
        """Yield the frames with their seconds from the first; counted where there are no times."""
        start: float | None = None
        for frame in self._decode():
            time = frame.time
            if time is None:
                time = self._end + (start or 0.0)
            start = time if start is None else start
            since = max(time - start, 0.0)
            self._end = max(since + self._step, self._end)
            yield since, frame

    def _decode(self) -> Iterator[VideoFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError as error:
                self.stopped_by = error.strerror
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except FFmpegError:
                self.damaged += 1
                continue
            for frame in frames:
                self.decoded += 1
                if frame.is_corrupt:
                    self.damaged += 1
                else:
                    yield frame

    def notes(self) -> tuple[str, ...]:
        """Return what the user should know of the video, one line each."""
        lines = []
        if self.pixel_aspect != 1:
            shape = f"{self.pixel_aspect.numerator}:{self.pixel_aspect.denominator}"
            lines.append(
                f"{self._file.name}: its pixels are not square ({shape}); the frames are widened"
                " or made taller to show things as they are"
            )
        if self.damaged:
            lines.append(f"{self._file.name}: {self.damaged} damaged frames were left out")
        if self.stopped_by or self._claimed - self._end > _SHORT * self._step:
            reason = f" ({self.stopped_by})" if self.stopped_by else ""
            lines.append(
                f"{self._file.name} is cut short: it ends after {self._end:.1f} s"
                f" of {self._claimed:.1f} s{reason}; what could be read was imported"
            )
        return tuple(lines)


def _check_pace(fps: float | None, stride: int | None) -> None:
    if fps is not None and stride is not None:
        raise StudioError("give either frames per second or a stride, not both")
    if fps is not None and not 0 < fps < float("inf"):
        raise StudioError(f"{fps} frames per second make no clip")
    if stride is not None and stride < 1:
        raise StudioError(f"a stride of {stride} is not 1 or more")


def _opened(file: Path) -> InputContainer:
    if not file.exists():
        raise StudioError(f"{file} does not exist")
    if not file.is_file():
        raise StudioError(f"{file} is not a file")
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        return av.open(str(file.resolve()), options=options, metadata_errors="replace")
    except FFmpegError as error:
        reason = f"not a video that can be read, or cut short ({error.strerror})"
        raise StudioError(f"{file}: {reason}") from error


def _video_stream(file: Path, container: InputContainer) -> VideoStream:
    """Return the first stream of moving pictures; a cover picture is none."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            stream.thread_type = "AUTO"
            return stream
    raise StudioError(f"{file}: holds no video")


def _claimed_seconds(stream: VideoStream, container: InputContainer) -> float:
    """Return how long the video is by its own words; 0 where it says nothing."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base


def _square(file: Path, frame: VideoFrame, aspect: Fraction) -> Image.Image:
    """Return a frame with square pixels: the shorter side of a pixel is stretched to the longer."""
    width, height = round(frame.width * max(aspect, 1)), round(frame.height / min(aspect, 1))
    if width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 10**6
        raise StudioError(f"{file}: {width} x {height} is more than {limit} million pixels")
    image = frame.to_image()
    return image if aspect == 1 else image.resize((width, height), Image.Resampling.BICUBIC)


def _upright(image: Image.Image, frame: VideoFrame) -> Image.Image:
    quarters = round(frame.rotation / 90) % 4  # counter-clockwise
    return image.rotate(quarters * 90, expand=True)
