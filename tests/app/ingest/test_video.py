from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from PIL import Image

from annotations import store
from annotations.types import Frame
from app.errors import StudioError
from app.ingest import video
from app.ingest.video import import_video
from app.workspace import Workspace, create
from tests.app import samples

FPS = 10
CODECS = {".mp4": "libx264", ".mov": "libx264", ".mkv": "libx264", ".avi": "mpeg4"}


@pytest.fixture
def workspace(tmp_path):
    with create(tmp_path / "project", "p") as workspace:
        yield workspace


def _grey(index: int) -> int:
    """Return the brightness by which a frame is known."""
    return 10 + 5 * index


def _write(
    file: Path,
    *,
    times: Sequence[float] | None = None,
    frames: int = 12,
    size: tuple[int, int] = (64, 48),
    rotation: int = 0,
    faststart: bool = False,
    aspect: Fraction | None = None,
) -> Path:
    """Write a video of plain frames, each a little brighter, at `times` seconds."""
    times = [index / FPS for index in range(frames)] if times is None else times
    options = {"movflags": "faststart"} if faststart else {}
    with av.open(str(file), "w", options=options) as container:
        stream = container.add_stream(CODECS[file.suffix], rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000 if file.suffix != ".avi" else FPS)
        stream.codec_context.bit_rate = 4_000_000
        stream.codec_context.gop_size = 1  # what is cut off takes nothing else with it
        stream.codec_context.max_b_frames = 0
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for index, time in enumerate(times):
            image = np.full((size[1], size[0], 3), _grey(index), np.uint8)
            image[: size[1] // 4, : size[0] // 4] = 255  # top left
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.time_base = stream.codec_context.time_base
            frame.pts = round(time / frame.time_base)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def _frames(workspace: Workspace) -> list[Frame]:
    with workspace.read() as conn:
        return store.list_frames(conn)


def _seen(workspace: Workspace) -> list[int]:
    """Return which frames of the video were taken, by their brightness."""
    found = []
    for frame in _frames(workspace):
        pixels = samples.pixels(workspace.path(frame.file))
        found.append(round((float(pixels[-8:, -8:].mean()) - 10) / 5))
    return found


@pytest.mark.parametrize("suffix", CODECS)
def test_every_frame_is_taken_with_its_time(workspace, tmp_path, suffix):
    file = _write(tmp_path / f"drive{suffix}")
    steps: list[tuple[int, int]] = []
    report = import_video(workspace, file, on_progress=lambda *step: steps.append(step))
    assert (report.added, report.lines()) == (12, [])
    assert steps[-1] == (12, 12)
    assert all(done <= total for done, total in steps)
    found = _frames(workspace)
    assert [frame.name for frame in found[:2]] == ["drive-000000", "drive-000001"]
    assert {(frame.width, frame.height) for frame in found} == {(64, 48)}
    assert [frame.timestamp for frame in found] == pytest.approx([i / FPS for i in range(12)])
    assert _seen(workspace) == list(range(12))


@pytest.mark.parametrize(
    ("aspect", "size"),
    [(Fraction(4, 3), (85, 48)), (Fraction(2, 3), (64, 72))],
    ids=["wide pixels", "tall pixels"],
)
def test_pixels_that_are_not_square_become_square(workspace, tmp_path, aspect, size):
    file = _write(tmp_path / "dv.mp4", frames=2, aspect=aspect)
    report = import_video(workspace, file)
    assert [(frame.width, frame.height) for frame in _frames(workspace)] == [size, size]
    (line,) = report.lines()
    assert line.startswith(f"dv.mp4: its pixels are not square ({aspect.numerator}:")
    pixels = samples.pixels(workspace.path(_frames(workspace)[0].file))
    assert pixels[: size[1] // 4 - 4, : size[0] // 4 - 4].min() > 200  # the white corner grew too
    assert pixels[:, size[0] // 4 + 6 :].max() < 60


def test_a_variable_frame_rate_keeps_its_times(workspace, tmp_path):
    times = [0.0, 0.04, 0.2, 0.21, 0.7, 1.5]
    import_video(workspace, _write(tmp_path / "phone.mp4", times=times))
    assert [frame.timestamp for frame in _frames(workspace)] == pytest.approx(times)


def test_frames_a_second_are_the_nearest_in_time(workspace, tmp_path):
    times = [0.0, 0.04, 0.2, 0.29, 0.7, 1.02, 1.5]
    import_video(workspace, _write(tmp_path / "phone.mp4", times=times), fps=4.0)
    assert _seen(workspace) == [0, 3, 4, 5, 6]  # for 0, .25, .5 and .75, 1, 1.25 and 1.5 s
    assert [frame.timestamp for frame in _frames(workspace)] == pytest.approx(
        [0.0, 0.29, 0.7, 1.02, 1.5]
    )


def test_a_stride_takes_every_nth_frame(workspace, tmp_path):
    import_video(workspace, _write(tmp_path / "drive.mp4"), stride=5)
    assert _seen(workspace) == [0, 5, 10]
    assert [frame.timestamp for frame in _frames(workspace)] == pytest.approx([0.0, 0.5, 1.0])


def test_times_count_from_the_first_frame(workspace, tmp_path):
    import_video(workspace, _write(tmp_path / "cut.mkv", times=[5.0, 5.1, 5.2]))
    assert [frame.timestamp for frame in _frames(workspace)] == pytest.approx([0.0, 0.1, 0.2])


@pytest.mark.parametrize(
    ("rotation", "size", "corner"),
    [(90, (48, 64), "bottom left"), (-90, (48, 64), "top right"), (180, (64, 48), "bottom right")],
)
def test_a_phone_held_upright_gives_upright_frames(workspace, tmp_path, rotation, size, corner):
    import_video(workspace, _write(tmp_path / "phone.mp4", frames=1, rotation=rotation))
    frame = _frames(workspace)[0]
    assert (frame.width, frame.height) == size
    pixels = samples.pixels(workspace.path(frame.file))
    bright = {
        "top right": pixels[:4, -4:],
        "bottom left": pixels[-4:, :4],
        "bottom right": pixels[-4:, -4:],
    }
    assert [name for name, part in bright.items() if part.mean() > 200] == [corner]


def test_a_truncated_video_gives_what_can_be_read_and_says_so(workspace, tmp_path):
    file = _write(tmp_path / "drive.mkv", frames=40, size=(320, 240))
    data = file.read_bytes()
    file.write_bytes(data[: len(data) * 6 // 10])
    report = import_video(workspace, file)
    assert 10 < report.added < 35
    assert _seen(workspace) == list(range(report.added))
    (line,) = report.lines()
    assert line.startswith("drive.mkv is cut short: it ends after ")
    assert "of 4.0 s" in line


def test_a_truncated_mp4_with_its_index_in_front_does_too(workspace, tmp_path):
    file = _write(tmp_path / "drive.mp4", frames=40, size=(320, 240), faststart=True)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) * 7 // 10])
    report = import_video(workspace, file)
    assert 5 < report.added < 40
    assert any("cut short" in line for line in report.lines())


def test_an_mp4_cut_before_its_index_can_not_be_read(workspace, tmp_path):
    file = _write(tmp_path / "drive.mp4")
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(StudioError, match=r"drive.mp4: not a video that can be read, or cut short"):
        import_video(workspace, file)


def test_damage_in_the_middle_costs_the_damaged_frames_only(workspace, tmp_path):
    file = _write(tmp_path / "drive.avi", frames=30, size=(320, 240))
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 900] = np.random.default_rng(0).bytes(900)
    file.write_bytes(bytes(data))
    report = import_video(workspace, file)
    assert 20 <= report.added <= 30


def _no_video(file: Path) -> Path:
    with av.open(str(file), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def _no_frames(file: Path) -> Path:
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    return file


def test_what_holds_no_frames_is_one_line(workspace, tmp_path):
    with pytest.raises(StudioError, match=r"sound.mp4: holds no video$"):
        import_video(workspace, _no_video(tmp_path / "sound.mp4"))
    with pytest.raises(StudioError, match=r"empty.avi: no frame could be read"):
        import_video(workspace, _no_frames(tmp_path / "empty.avi"))
    with pytest.raises(StudioError, match=r"gone.mp4 does not exist$"):
        import_video(workspace, tmp_path / "gone.mp4")
    with pytest.raises(StudioError, match=r"is not a file$"):
        import_video(workspace, tmp_path)
    for name, data in {"zero.mp4": b"", "text.mp4": b"hello" * 99}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(StudioError, match=rf"{name}: not a video that can be read"):
            import_video(workspace, tmp_path / name)
    assert _frames(workspace) == []


def test_a_picture_is_no_video_and_a_playlist_is_not_followed(workspace, tmp_path):
    Image.fromarray(samples.picture(0)).save(tmp_path / "a.png")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n")
    _write(tmp_path / "real.mp4")
    (tmp_path / "list.txt").write_text("ffconcat version 1.0\nfile real.mp4\n")
    for name in ("a.png", "list.m3u8", "list.txt"):
        with pytest.raises(StudioError, match=rf"{name}: not a video that can be read"):
            import_video(workspace, tmp_path / name)


@pytest.mark.parametrize(
    ("pace", "reason"),
    [
        ({"fps": 0.0}, "0.0 frames per second make no clip"),
        ({"fps": float("nan")}, "nan frames per second"),
        ({"stride": 0}, "a stride of 0 is not 1 or more"),
        ({"fps": 1.0, "stride": 2}, "not both"),
    ],
)
def test_a_pace_that_makes_no_sense_is_refused(workspace, tmp_path, pace, reason):
    with pytest.raises(StudioError, match=reason):
        import_video(workspace, tmp_path / "any.mp4", **pace)


def test_huge_frames_are_refused(workspace, tmp_path, monkeypatch):
    file = _write(tmp_path / "drive.mp4")
    monkeypatch.setattr(video, "MAX_PIXELS", 1000)
    with pytest.raises(StudioError, match=r"64 x 48 is more than"):
        import_video(workspace, file)
    assert _frames(workspace) == []
