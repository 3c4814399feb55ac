"""What goes into MapAnything; with the package itself where it is installed."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from rewis3d.geometry import Camera, pinhole
from rewis3d.job import View
from rewis3d.reconstruct.formats.types import GivenDepth, GivenView
from rewis3d.reconstruct.mapanything_model import (
    INSTALL,
    Prepared,
    _input,
    load_model,
    predict,
)
from rewis3d.reconstruct.mapanything_views import WANTED
from rewis3d.types import Rewis3dError

MODEL = SimpleNamespace(encoder=SimpleNamespace(data_norm_type="dinov2", patch_size=14))


@pytest.fixture
def view(tmp_path: Path) -> View:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((60, 80, 3), 128, np.uint8))
    return View(3, "a.png", 60, 80, name="a", focal=70.0)


def given(tmp_path: Path, *, lens: tuple[float, ...] = ()) -> GivenView:
    np.save(tmp_path / "a.npy", np.full((30, 40), 2.5, np.float32))
    T = np.eye(4)
    T[0, 3] = 9
    camera = Camera(pinhole(35.0, 40, 30).K, 40, 30, lens)
    return GivenView("a", camera, T, GivenDepth(tmp_path / "a.npy", 1.0))


def test_a_frame_alone_goes_in_as_its_image_and_its_focal_length(
    tmp_path: Path, view: View
) -> None:
    prepared = Prepared.of(view, tmp_path, None, patch=14)
    fields = _input(prepared, MODEL, metric=True)
    assert set(fields) == {"img", "data_norm_type", "intrinsics"}
    assert tuple(fields["img"].shape) == (1, 3, 392, 518)
    # (128 / 255 - mean) / std of ImageNet's red
    assert fields["img"][0, 0, 0, 0].item() == pytest.approx((128 / 255 - 0.485) / 0.229, abs=1e-5)
    # 80 pixels become 518 cells; their centres are at whole numbers
    assert fields["intrinsics"][0, 0, 0].item() == pytest.approx(70 * 518 / 80)
    assert fields["intrinsics"][0, 0, 2].item() == pytest.approx(518 / 2 - 0.5)


def test_what_is_given_goes_in_on_the_grid(tmp_path: Path, view: View) -> None:
    prepared = Prepared.of(view, tmp_path, given(tmp_path), patch=14)
    fields = _input(prepared, MODEL, metric=False)
    assert tuple(fields["depth_z"].shape) == (1, 392, 518)
    assert fields["depth_z"].unique().tolist() == [2.5]
    assert fields["camera_poses"][0, 0, 3].item() == 9
    assert fields["is_metric_scale"].tolist() == [False]
    assert fields["intrinsics"][0, 0, 0].item() == pytest.approx(35 * 518 / 40)


def test_a_lens_that_bends_goes_in_as_rays(tmp_path: Path, view: View) -> None:
    bent = given(tmp_path, lens=(-0.1, 0.0, 0.0, 0.0))
    fields = _input(Prepared.of(view, tmp_path, bent, patch=14), MODEL, metric=True)
    assert "intrinsics" not in fields
    rays = fields["ray_directions"][0]
    assert tuple(rays.shape) == (392, 518, 3)
    straight = (518 - 0.5 - 259) / (35 * 518 / 40)
    assert rays[196, 517, 0].item() > straight  # undoing a barrel lens widens


def test_a_normalisation_that_is_not_known_is_named(tmp_path: Path, view: View) -> None:
    model = SimpleNamespace(encoder=SimpleNamespace(data_norm_type="radio"))
    with pytest.raises(Rewis3dError, match="'radio'"):
        _input(Prepared.of(view, tmp_path, None, patch=14), model, metric=True)


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewis3d.reconstruct.mapanything_model.find_spec", lambda _: None)
    with pytest.raises(Rewis3dError, match="pip install git"):
        load_model("facebook/map-anything-apache", torch.device("cpu"))
    assert "torchvision" in INSTALL


@pytest.mark.mapanything
def test_the_real_package_takes_our_input_and_gives_what_we_read(tmp_path: Path) -> None:
    """Random weights, nothing replaced; REWIS3D_MAPANYTHING names a checkout of its repository."""
    from tests.rewis3d.reconstruct.record_mapanything import build

    model = build(Path(os.environ["REWIS3D_MAPANYTHING"]))
    rng = np.random.default_rng(0)
    prepared = []
    for place in range(3):
        cv2.imwrite(str(tmp_path / f"{place}.png"), rng.integers(0, 255, (60, 80, 3), np.uint8))
        view = View(place + 1, f"{place}.png", 60, 80, name=str(place))
        known = given(tmp_path) if place == 1 else None
        prepared.append(Prepared.of(view, tmp_path, known, patch=model.encoder.patch_size))
    # rays of random weights belong to no camera: what comes out is checked before it is one
    predictions = predict(model, [prepared[1], prepared[0], prepared[2]], metric=True)
    assert len(predictions) == 3
    rows, columns = prepared[0].image.shape[1:]
    for prediction in predictions:
        assert set(prediction) == set(WANTED)
        assert prediction["depth_z"].shape == (rows, columns, 1)
        assert prediction["conf"].shape == (rows, columns)
        assert prediction["non_ambiguous_mask"].shape == (rows, columns)
        assert prediction["intrinsics"].shape == (3, 3)
        assert is_rigid_enough(prediction["camera_poses"])
        assert prediction["conf"].min() >= 1


def is_rigid_enough(T: np.ndarray) -> bool:
    return bool(np.abs(T[:3, :3] @ T[:3, :3].T - np.eye(3)).max() < 1e-3 and T[3, 3] == 1)


@pytest.mark.mapanything
def test_the_real_packages_rays_and_cameras_are_read_in_the_right_pixels() -> None:
    """K to rays by their function, rays to K by theirs, then our conversion: back to the pixel."""
    from mapanything.utils.geometry import (  # pyright: ignore[reportMissingImports]  # optional
        get_rays_in_camera_frame,
        recover_pinhole_intrinsics_from_ray_directions,
    )

    from rewis3d.reconstruct.mapanything_views import intrinsics_of as theirs
    from rewis3d.reconstruct.mapanything_views import made_view, reprojection_error

    K = np.array([[300.0, 0, 150], [0, 310, 120], [0, 0, 1]])
    camera = Camera(K, 308, 224)
    _, rays = get_rays_in_camera_frame(torch.from_numpy(theirs(camera)), 224, 308, True)
    assert np.abs(rays.numpy() / rays.numpy()[..., 2:] - camera.grid_rays()).max() < 1e-4
    prediction = {
        "depth_z": np.full((224, 308, 1), 5, np.float32),
        "conf": np.full((224, 308), 3, np.float32),
        "non_ambiguous_mask": np.ones((224, 308), bool),
        "intrinsics": recover_pinhole_intrinsics_from_ray_directions(rays).numpy(),
        "camera_poses": np.eye(4, dtype=np.float32),
    }
    view = made_view(1, prediction, image_height=448, image_width=616, T_world_reference=np.eye(4))
    points = rays.numpy() / rays.numpy()[..., 2:] * 5
    assert reprojection_error(points, view.geometry).max() < 0.05
