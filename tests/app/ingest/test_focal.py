from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from annotations import store
from app.ingest.focal import focal_in_pixels
from app.ingest.images import import_images
from app.workspace import making
from tests.app import samples

Tag = ExifTags.Base


def exif(tags: dict[int, Any], *, orientation: int = 1) -> Image.Exif:
    """Return metadata as a file would hold it."""
    written = Image.Exif()
    written[Tag.Orientation] = orientation
    written.get_ifd(ExifTags.IFD.Exif).update(tags)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6)).save(buffer, "JPEG", exif=written)
    return Image.open(buffer).getexif()


def test_the_equivalent_on_film_keeps_the_angle_along_the_diagonal():
    found = focal_in_pixels(exif({Tag.FocalLengthIn35mmFilm: 28}), 640, 480)
    assert found is not None
    angle = math.degrees(2 * math.atan(800 / 2 / found))
    assert angle == pytest.approx(75.4, abs=0.05)  # what is printed on a lens of 28 mm
    assert focal_in_pixels(exif({Tag.FocalLengthIn35mmFilm: 28}), 480, 640) == found


SENSOR: dict[int, Any] = {
    Tag.FocalLength: 18.0,
    Tag.FocalPlaneXResolution: 4000 / 22.2,
    Tag.ExifImageWidth: 4000,
}


@pytest.mark.parametrize(("unit", "millimetres"), [(None, 25.4), (2, 25.4), (3, 10), (4, 1)])
def test_a_sensor_s_resolution_gives_it_in_any_unit(unit: int | None, millimetres: float):
    tags = SENSOR | {Tag.FocalPlaneXResolution: 4000 / 22.2 * millimetres}
    if unit is not None:
        tags[Tag.FocalPlaneResolutionUnit] = unit
    # 22.2 mm wide, 18 mm away: 18 / 22.2 of the width
    assert focal_in_pixels(exif(tags), 4000, 3000) == pytest.approx(4000 * 18 / 22.2, rel=1e-3)
    assert focal_in_pixels(exif(tags), 600, 800) == pytest.approx(800 * 18 / 22.2, rel=1e-3)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {Tag.FocalLength: 18.0},
        {Tag.FocalLengthIn35mmFilm: 0},
        {Tag.FocalLengthIn35mmFilm: 60_000},
        SENSOR | {Tag.FocalPlaneResolutionUnit: 9},
        SENSOR | {Tag.FocalPlaneXResolution: 0.0},
    ],
)
def test_what_says_nothing_or_what_can_not_be_is_none(tags: dict[int, Any]):
    assert focal_in_pixels(exif(tags), 640, 480) is None


def test_damaged_metadata_is_none(monkeypatch: pytest.MonkeyPatch):
    def damaged(*_: Any) -> Any:
        raise SyntaxError("not a TIFF file")

    monkeypatch.setattr(Image.Exif, "get_ifd", damaged)
    assert focal_in_pixels(Image.Exif(), 640, 480) is None


@pytest.mark.parametrize("orientation", [1, 6])
def test_an_imported_frame_keeps_it_turned_or_not(tmp_path: Path, orientation: int):
    images = tmp_path / "images"
    images.mkdir()
    plain = Image.fromarray(samples.picture(0))
    tags = exif({Tag.FocalLengthIn35mmFilm: 43}, orientation=orientation)
    plain.save(images / "a.jpg", exif=tags)
    plain.save(images / "b.png")
    with making(tmp_path / "project", "p") as workspace:
        import_images(workspace, images)
        with workspace.read() as conn:
            known, unknown = store.list_frames(conn)
    assert known.focal == pytest.approx(43 / 43.2666 * 80, rel=1e-4)
    assert (known.width, known.height) == ((64, 48) if orientation == 1 else (48, 64))
    assert unknown.focal is None
