"""Strokes as one JSON file: what `strokes export` writes and `strokes import` reads.

```
{"format": "rewis3d-strokes", "version": 1,
 "classes": [{"id": 3, "name": "road", "colour": "#804080", "has_geometry": true}, ...],
 "frames": [{"name": "000012", "height": 360, "width": 480,
             "strokes": [{"class": 3, "width": 3.0, "xy": [[10.5, 20.5], ...]}, ...]}, ...]}
```
A stroke's class is an id of `classes`, "eraser" or "ignore". Frames and classes are found by name
on reading, since ids differ between projects. Strokes come in painting order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import numpy as np
from jaxtyping import Float32

from annotations import labelset
from annotations.frames import LabelledFrame
from annotations.labelset import name_key, shown
from annotations.store import check_stroke
from annotations.types import ERASER, IGNORE, AnnotationError, ClassMap, Frame, Stroke

FILE_NAME: Final = "strokes.json"
"""What the file is called in a folder."""
FORMAT: Final = "rewis3d-strokes"
VERSION: Final = 1
_BRUSHES: Final = {"eraser": ERASER, "ignore": IGNORE}
_BRUSH_NAMES: Final = {number: name for name, number in _BRUSHES.items()}


def write_strokes(path: Path, labelled: Sequence[LabelledFrame], class_map: ClassMap) -> None:
    """Write frames with their strokes in painting order, atomically."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "classes": labelset.to_json(class_map),
        "frames": [
            {
                "name": one.frame.name,
                "height": one.frame.height,
                "width": one.frame.width,
                "strokes": [_stroke_row(stroke) for stroke in one.strokes],
            }
            for one in labelled
        ],
    }
    aside = path.with_name(f"{path.name}.partial")
    aside.write_text(json.dumps(content), encoding="utf-8")
    aside.replace(path)


def _stroke_row(stroke: Stroke) -> dict[str, Any]:
    shortest = stroke.xy.astype(str).astype(
        np.float64
    )  # float32's own digits: 0.1, not 0.1000000015
    return {
        "class": _BRUSH_NAMES.get(stroke.class_id, stroke.class_id),
        "width": stroke.width,
        "xy": shortest.tolist(),
    }


def read_strokes(
    path: Path, frames: Sequence[Frame], class_map: ClassMap, *, author: str
) -> list[Stroke]:
    """Return the strokes of a file as new ones (new uuids) on a project's frames.

    AnnotationError names the file and what is wrong in it: the field, the frame or class that the
    project does not have, a frame of another size, a stroke that can't be kept.
    """
    content = _read(path)
    known = {frame.name: frame for frame in frames}
    used = {"eraser": ERASER, "ignore": IGNORE, **_class_ids(content, class_map, where=str(path))}
    strokes = []
    for entry in _list(content, "frames", where=str(path)):
        frame = _frame(entry, known, where=str(path))
        for place, row in enumerate(_list(entry, "strokes", where=str(path)), start=1):
            where = f"{path}: frame {frame.name!r}, stroke {place}"
            stroke = _stroke(row, frame, used, author=author, where=where)
            strokes.append(stroke)
    return strokes


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AnnotationError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise AnnotationError(f"{path}: not JSON ({error})") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise AnnotationError(f"{path}: not a file of strokes (field 'format' is not {FORMAT!r})")
    if content.get("version") != VERSION:
        got = content.get("version")
        raise AnnotationError(f"{path}: version {shown(got)} of the format; {VERSION} can be read")
    return content


def _class_ids(
    content: Mapping[str, Any], class_map: ClassMap, *, where: str
) -> dict[int, int | str]:
    """Return the project's id of each class of the file; the name of one it does not have."""
    rows = content.get("classes")
    if rows == []:
        return {}
    try:
        theirs = labelset.from_json(rows)
    except AnnotationError as error:
        raise AnnotationError(f"{where}: {error}") from error
    ours = {name_key(label.name): label.class_id for label in class_map.classes}
    return {label.class_id: ours.get(name_key(label.name), label.name) for label in theirs.classes}


def _list(entry: Any, field: str, *, where: str) -> list[Any]:
    found = entry.get(field) if isinstance(entry, dict) else None
    if not isinstance(found, list):
        raise AnnotationError(f"{where}: field {field!r} is not a list")
    return found


def _frame(entry: Any, known: Mapping[str, Frame], *, where: str) -> Frame:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str):
        raise AnnotationError(f"{where}: a frame has no name")
    if name not in known:
        raise AnnotationError(f"{where}: the project has no frame {shown(name)}")
    frame = known[name]
    size = entry.get("height"), entry.get("width")
    if size != (frame.height, frame.width):
        raise AnnotationError(
            f"{where}: frame {name!r} is {size[1]} x {size[0]} there,"
            f" {frame.width} x {frame.height} in the project"
        )
    return frame


def _stroke(
    row: Any, frame: Frame, used: Mapping[int | str, int | str], *, author: str, where: str
) -> Stroke:
    if not isinstance(row, dict):
        raise AnnotationError(f"{where}: not a mapping")
    drawn = row.get("class")
    class_id = used.get(drawn) if isinstance(drawn, int | str) else None
    if class_id is None:
        raise AnnotationError(
            f"{where}: field 'class' is {shown(drawn)}, not in the file's classes"
        )
    if isinstance(class_id, str):
        raise AnnotationError(f"{where}: the project has no class {class_id!r}")
    width = _number(row.get("width"), where=where)
    xy = _path(row.get("xy"), where=where)
    stroke = Stroke(str(uuid4()), frame.frame_id, class_id, xy, width, author)
    try:
        check_stroke(stroke, frame)
    except AnnotationError as error:
        raise AnnotationError(f"{where}: {error}") from error
    return stroke


def _number(value: Any, *, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AnnotationError(f"{where}: field 'width' is {shown(value)}, want pixels")
    return float(min(value, 1e9))


def _path(value: Any, *, where: str) -> Float32[np.ndarray, "p 2"]:
    try:
        path_xy = np.array(value, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise AnnotationError(f"{where}: field 'xy' is not a list of [x, y]") from error
    if path_xy.ndim != 2 or path_xy.shape[1] != 2:
        raise AnnotationError(f"{where}: field 'xy' is not a list of [x, y]")
    with np.errstate(over="ignore"):  # what is too large becomes inf, which no frame has room for
        return path_xy.astype(np.float32)
