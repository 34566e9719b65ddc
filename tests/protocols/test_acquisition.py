"""A corrected acquisition leaves the Thon rings where they were measured."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from cryoloom.data import CTF, OpticsGroup, Table
from cryoloom.errors import ParameterError
from cryoloom.protocols.acquisition import Acquisition, CorrectAcquisition, equivalent_defocus

STATED = Acquisition(pixel_size=1.0, voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)


def phase(cycles_per_pixel: np.ndarray, defocus: float, acquisition: Acquisition) -> np.ndarray:
    """The phase of the contrast transfer, written out anew from the textbook formula."""
    volts = acquisition.voltage * 1e3
    wavelength = 12.2643 / np.sqrt(volts + 0.978466e-6 * volts**2)
    k = cycles_per_pixel / acquisition.pixel_size
    chi = (
        np.pi * wavelength * defocus * k**2 - np.pi / 2 * acquisition.spherical_aberration * 1e7 * wavelength**3 * k**4
    )
    return chi + np.arcsin(acquisition.amplitude_contrast)


@pytest.mark.parametrize(
    "true",
    [
        Acquisition(1.015, 300.0, 2.7, 0.1),
        Acquisition(0.97, 300.0, 2.7, 0.1),
        Acquisition(1.0, 200.0, 2.7, 0.1),
        Acquisition(1.0, 300.0, 1.2, 0.1),
        Acquisition(1.02, 200.0, 1.4, 0.07),
    ],
)
@pytest.mark.parametrize("defocus", [6_000.0, 15_000.0, 28_000.0])
def test_rings_stay_where_they_were_measured(defocus: float, true: Acquisition) -> None:
    corrected = equivalent_defocus(defocus, STATED, true, from_resolution=30.0, to_resolution=6.0)
    measured = np.linspace(1 / 30, 1 / 6, 200)
    difference = phase(measured, corrected, true) - phase(measured, defocus, STATED)
    # an eighth of a ring: what remains is the part of the k⁴ term that no defocus can take up
    assert np.max(np.abs(difference)) < np.pi / 8
    naive = phase(measured, defocus, true) - phase(measured, defocus, STATED)
    assert np.max(np.abs(difference)) < np.max(np.abs(naive))


def test_nothing_changes_if_nothing_is_corrected() -> None:
    assert equivalent_defocus(12_345.0, STATED, STATED, from_resolution=30.0, to_resolution=5.0) == pytest.approx(
        12_345.0
    )


def test_a_set_is_rescaled_and_says_what_cannot_be() -> None:
    optics = OpticsGroup.describe(
        name="a", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1, detector_pixel_size=1.0
    )
    ctf = CTF(
        id=7, defocus_u=15_000.0, defocus_v=14_000.0, defocus_angle=10.0, pixel_size=1.0, score=0.4, fit_resolution=5.0
    ).with_optics(optics)
    protocol = CorrectAcquisition()
    parameters = protocol.Parameters(pixel_size=1.02)
    made = protocol.transform({"items": Table.of([ctf], "ctfs")}, parameters)["items"]
    (row,) = made.frame.iter_rows(named=True)
    assert row["pixel_size"] == pytest.approx(1.02)
    assert row["fit_resolution"] == pytest.approx(5.1)
    assert row["defocus_u"] == pytest.approx(15_000 * 1.02**2, rel=0.02)
    assert row["defocus_u"] > row["defocus_v"]
    assert row["to_compute_again"] == ["score"]
    assert made.optics_groups[optics.id].detector_pixel_size == pytest.approx(1.02)
    assert made.frame["id"].to_list() == [7]
    assert isinstance(made.frame, pl.DataFrame)


def test_a_correction_of_nothing_is_refused() -> None:
    with pytest.raises(ParameterError, match="Nothing is corrected"):
        CorrectAcquisition().check(CorrectAcquisition.Parameters())
