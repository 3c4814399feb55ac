"""Class lists: presets, files that people write, and their JSON."""

from __future__ import annotations

import colorsys
import json
import re
import reprlib
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import yaml
from jaxtyping import UInt8

from annotations import presets
from annotations.types import MAX_CLASSES, UNLABELLED, AnnotationError, ClassMap, LabelClass

Colour = tuple[int, int, int]
FIELDS: Final = ("name", "colour", "id", "has_geometry")
_GOLDEN: Final = 0.618033988749895
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
_MAX_BYTES: Final = 1_000_000
_VOID: Final = (224, 224, 192)
"""What VOC shows for 255."""


def _preset(table: str) -> ClassMap:
    rows = [line.split(" ", 2) for line in table.strip().splitlines()]
    return ClassMap(
        tuple(
            LabelClass(int(class_id), name.rstrip("*"), _from_hex(colour), not name.endswith("*"))
            for class_id, colour, name in rows
        )
    )


def _from_hex(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


PRESETS: Final[Mapping[str, ClassMap]] = MappingProxyType(
    {
        "camvid-11": _preset(presets.CAMVID_11),
        "cityscapes-19": _preset(presets.CITYSCAPES_19),
        "nyu-40": _preset(presets.NYU_40),
        "voc-21": _preset(presets.VOC_21),
    }
)


def load(source: str) -> ClassMap:
    """Return a preset by its name, or the classes of a .yaml, .yml or .json file.

    The file holds a list, or `classes:` with a list: names alone, or mappings of `name`, `colour`
    ("#rrggbb" or three values of 0..255), `id` and `has_geometry`. What is left out is assigned:
    ids in order, colours that can be told apart, geometry for everything but sky.
    AnnotationError names the file, the entry and the field.
    """
    if source in PRESETS:
        return PRESETS[source]
    path = Path(source)
    if path.suffix.lower() not in (".yaml", ".yml", ".json"):
        raise AnnotationError(
            f"{source}: not a preset ({', '.join(PRESETS)}) nor a .yaml, .yml or .json file"
        )
    return _from_rows(_read(path), where=str(path))


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise AnnotationError(f"{path}: too large for a list of classes")
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise AnnotationError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AnnotationError(f"{path}: not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise AnnotationError(f"{path}: not JSON, line {error.lineno}: {error.msg}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise AnnotationError(f"{path}: not YAML: {' '.join(str(error).split())}") from error


def shown(value: Any) -> str:
    """Return what a file holds for a message, cut short: YAML can unfold without end."""
    short = reprlib.Repr()
    short.maxlevel = 2
    return short.repr(value)


def to_json(class_map: ClassMap) -> list[dict[str, Any]]:
    """Return the classes as JSON rows, in train id order; `from_json` reads them back."""
    return [
        {
            "id": label.class_id,
            "name": label.name,
            "colour": to_hex(label.colour),
            "has_geometry": label.has_geometry,
        }
        for label in class_map.classes
    ]


def from_json(rows: Any) -> ClassMap:
    """Read what `to_json` wrote, or rows as in a file; AnnotationError names entry and field."""
    return _from_rows(rows, where="classes")


def _from_rows(rows: Any, *, where: str) -> ClassMap:
    if isinstance(rows, dict) and set(rows) == {"classes"}:
        rows = rows["classes"]
    if not isinstance(rows, list) or not rows:
        raise AnnotationError(f"{where}: want a list of classes")
    if len(rows) > MAX_CLASSES:
        raise AnnotationError(f"{where}: {len(rows)} classes; at most {MAX_CLASSES} are possible")
    places = [f"{where}, entry {place}" for place in range(1, len(rows) + 1)]
    entries = [_entry(row, where=place) for row, place in zip(rows, places, strict=True)]
    _refuse_twins(entries, "name", places)
    _refuse_twins(entries, "id", places)
    ids = _ids(entries)
    colours = _colours(entries)
    classes = []
    for entry, class_id, colour, place in zip(entries, ids, colours, places, strict=True):
        geometry = entry.get("has_geometry", entry["name"].casefold() != "sky")
        try:
            classes.append(LabelClass(class_id, entry["name"], colour, geometry))
        except AnnotationError as error:
            raise AnnotationError(f"{place}: {error}") from error
    return ClassMap(tuple(classes))


def _entry(row: Any, *, where: str) -> dict[str, Any]:
    """Return a row's fields, those given only, each checked for its type."""
    entry = {"name": row} if isinstance(row, str) else row
    if not isinstance(entry, dict):
        raise AnnotationError(f"{where}: want a name or a mapping, got {shown(row)}")
    unknown = [key for key in entry if key not in FIELDS]
    if unknown:
        raise AnnotationError(
            f"{where}: unknown field {shown(unknown[0])}; known: {', '.join(FIELDS)}"
        )
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise AnnotationError(f"{where}: field 'name' is {shown(name)}, want text")
    found: dict[str, Any] = {"name": name.strip()}
    if "colour" in entry:
        found["colour"] = parse_colour(entry["colour"], where=where)
    if "id" in entry:
        if type(entry["id"]) is not int:
            got = shown(entry["id"])
            raise AnnotationError(f"{where}: field 'id' is {got}, want a whole number")
        found["id"] = entry["id"]
    if "has_geometry" in entry:
        if not isinstance(entry["has_geometry"], bool):
            got = shown(entry["has_geometry"])
            raise AnnotationError(f"{where}: field 'has_geometry' is {got}, want true or false")
        found["has_geometry"] = entry["has_geometry"]
    return found


def parse_colour(value: Any, *, where: str) -> Colour:
    """Return "#rrggbb" or three values of 0..255 as (r, g, b); AnnotationError names `where`."""
    if isinstance(value, str) and _HEX.fullmatch(value):
        return _from_hex(value)
    if isinstance(value, list | tuple) and len(value) == 3:
        red, green, blue = value
        if all(type(part) is int and 0 <= part <= 255 for part in (red, green, blue)):
            return red, green, blue
    got = shown(value)
    raise AnnotationError(
        f"{where}: field 'colour' is {got}, want \"#rrggbb\" or three values of 0..255"
    )


def to_hex(colour: Colour) -> str:
    """Return a colour as "#rrggbb"."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _refuse_twins(entries: Sequence[dict[str, Any]], field: str, places: Sequence[str]) -> None:
    seen: dict[Any, str] = {}
    for entry, place in zip(entries, places, strict=True):
        if field not in entry:
            continue
        key = name_key(entry[field]) if field == "name" else entry[field]
        if key in seen:
            raise AnnotationError(f"{place}: field {field!r} is {entry[field]!r} once more")
        seen[key] = place


def name_key(name: str) -> str:
    """Return what must differ between the names of two classes: spaces and capitals don't."""
    return " ".join(name.split()).casefold()


def _ids(entries: Sequence[dict[str, Any]]) -> list[int]:
    taken = {entry["id"] for entry in entries if "id" in entry}
    free = (number for number in count() if number not in taken)
    return [entry["id"] if "id" in entry else next(free) for entry in entries]


def _colours(entries: Sequence[dict[str, Any]]) -> list[Colour]:
    used = [entry["colour"] for entry in entries if "colour" in entry]
    colours = []
    for entry in entries:
        colour = entry.get("colour")
        if colour is None:
            colour = distinct_colour(used)
            used.append(colour)
        colours.append(colour)
    return colours


def _strong(number: int) -> Colour:
    """Return one of a row of colours: the hue turns by the golden angle, brightness alternates."""
    saturation, value = ((0.75, 0.95), (0.9, 0.65), (0.5, 0.85))[number % 3]
    parts = colorsys.hsv_to_rgb(number * _GOLDEN % 1.0, saturation, value)
    red, green, blue = (round(part * 255) for part in parts)
    return red, green, blue


_STRONG: Final = tuple(_strong(number) for number in range(512))
_EYE: Final = np.array([0.55, 0.77, 0.33])
"""How much a step in red, green or blue counts to the eye, roughly."""


def distinct_colour(used: Collection[Colour]) -> Colour:
    """Return the colour, of a fixed list of strong ones, that is farthest from those in use."""
    if not used:
        return _STRONG[0]
    apart = np.array(_STRONG)[:, None] - np.array(list(used))[None]
    nearest = (apart * _EYE**2 * apart).sum(axis=2).min(axis=1)
    return _STRONG[int(np.argmax(nearest))]


def voc_palette() -> UInt8[np.ndarray, "256 3"]:
    """Return the PASCAL VOC colour map: the bits of an id, three by three, from the highest bit."""
    ids = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for place in range(8):
        for channel in range(3):
            bit = (ids >> (3 * place + channel)) & 1
            palette[:, channel] |= (bit << (7 - place)).astype(np.uint8)
    return palette


def palette(class_map: ClassMap) -> UInt8[np.ndarray, "256 3"]:
    """Return the colour of each class id for a palette PNG; VOC's where there is no class."""
    colours = voc_palette()
    colours[UNLABELLED] = _VOID
    for label in class_map.classes:
        colours[label.class_id] = label.colour
    return colours
