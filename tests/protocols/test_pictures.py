"""Small pictures of micrographs: what is bright is bright, in its place, and noise does not set the scale."""

from __future__ import annotations

import numpy as np

from cryoloom.protocols.pictures import grey_picture


def test_squares_of_pixels_become_one_and_rows_keep_their_order() -> None:
    image = np.zeros((300, 410), np.float32)
    image[:90, 200:] = 2.0
    picture = grey_picture(image, 100)
    assert picture.shape == (75, 102)  # squares of four; two columns fill none
    assert (picture[:22, 50:] == 255).all()
    assert (picture[23:] == 0).all()
    assert (picture[:, :50] == 0).all()


def test_an_image_no_larger_than_wanted_keeps_its_size() -> None:
    assert grey_picture(np.zeros((30, 40), np.float32), 40).shape == (30, 40)
    assert grey_picture(np.zeros((30, 40), np.float32), 100).shape == (30, 40)


def test_outliers_do_not_hide_the_rest() -> None:
    image = np.random.default_rng(1).normal(10.0, 1.0, (200, 200)).astype(np.float32)
    image[5, 5] = 1e6
    picture = grey_picture(image, 200)
    assert 110 < picture.mean() < 145  # grey, as symmetric noise between symmetric limits is
    assert picture[5, 5] == 255


def test_an_even_image_is_even() -> None:
    assert np.ptp(grey_picture(np.full((64, 64), 3.0, np.float32), 32)) == 0
