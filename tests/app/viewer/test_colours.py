from __future__ import annotations

import numpy as np
import pytest

from app.viewer import colours
from tests.app.samples import CLASSES

RGB = np.array([[200, 40, 40], [90, 80, 70], [10, 20, 250], [0, 0, 0]], np.uint8)


def test_the_ramp_goes_from_dark_to_light():
    found = colours.ramp(np.linspace(0, 1, 100, dtype=np.float32))
    light = found.astype(float) @ [0.299, 0.587, 0.114]
    assert (np.diff(light) > -1).all()
    assert tuple(found[0]) == (68, 1, 84)
    assert tuple(found[-1]) == (253, 231, 37)


def test_the_ramp_takes_what_is_no_share_as_the_nearest_one():
    found = colours.ramp(np.array([-1, np.nan, 2], np.float32))
    np.testing.assert_array_equal(found, colours.ramp(np.array([0, 0, 1], np.float32)))


def test_labels_have_their_classes_colours_and_the_rest_what_is_under_it():
    labels = np.array([0, 1, 255, 254], np.uint8)
    found = colours.by_label(labels, CLASSES, RGB)
    np.testing.assert_array_equal(found, [(128, 64, 128), (64, 0, 128), RGB[2], RGB[3]])
    assert tuple(RGB[0]) == (200, 40, 40)  # not changed in place


def test_shares_show_where_there_is_a_label():
    labels = np.array([0, 255, 1, 255], np.uint8)
    share = np.array([0, 0.9, 1, 0], np.float32)
    found = colours.by_share(share, labels, RGB)
    np.testing.assert_array_equal(found[[1, 3]], RGB[[1, 3]])
    np.testing.assert_array_equal(found[[0, 2]], colours.ramp(np.array([0, 1], np.float32)))


@pytest.mark.parametrize("dark", [True, False])
def test_what_steps_back_is_close_to_the_background_and_keeps_its_order(dark: bool):
    greys = np.repeat(np.arange(0, 256, dtype=np.uint8)[:, None], 3, axis=1)
    found = colours.faded(greys, dark=dark).astype(int)
    assert (np.diff(found[:, 0]) >= 0).all()
    assert (found.max() < 150) if dark else (found.min() > 100)
