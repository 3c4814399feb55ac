"""One film of the room, looked at and mapped once for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from rewis3d.job import View
from rewis3d.reconstruct.cameras.features import DATABASE_FILE, Lens, detect, lenses_of
from rewis3d.reconstruct.cameras.mapping import Setting, map_globally
from rewis3d.reconstruct.cameras.matching import Match, match, read_matches
from rewis3d.reconstruct.cameras.model import Model
from rewis3d.reconstruct.cameras.pairs import first_pairs

from .room import FOCAL, film, pose

POSES = [pose(x=0.25 * at, yaw=2 * at) for at in range(8)]


@dataclass(frozen=True)
class Walk:
    """A camera that goes to the right and turns, its focal length known."""

    folder: Path
    database: Path
    views: list[View]
    lenses: list[Lens]
    matches: list[Match]
    model: Model


@pytest.fixture(scope="session")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    folder = tmp_path_factory.mktemp("walk")
    views = film(folder, POSES)
    database = folder / DATABASE_FILE
    lenses = lenses_of(views, FOCAL)
    list(detect(views, lenses, folder=folder, database=database))
    list(match(first_pairs([range(len(views))]), database=database, seed=0))
    setting = Setting(tuple(lenses), seed=0, given=True, held=True)
    (model,) = map_globally(database, setting, group=range(len(views)))
    return Walk(folder, database, views, lenses, read_matches(database), model)
