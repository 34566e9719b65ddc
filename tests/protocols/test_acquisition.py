"""A corrected acquisition leaves the Thon rings where they were measured."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import polars as pl
import pytest

from cryoloom.data import CTF, FSC, Item, Micrograph, Movie, OpticsGroup, Particle, Table, Volume
from cryoloom.errors import ParameterError
from cryoloom.formats import write_image
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
def test_rings_stay_where_they_were_measured(true: Acquisition) -> None:
    defoci = np.array([6_000.0, 15_000.0, 28_000.0])
    corrected = equivalent_defocus(defoci, STATED, true, from_resolution=30.0, to_resolution=np.full(3, 6.0))
    measured = np.linspace(1 / 30, 1 / 6, 200)
    for defocus, now in zip(defoci, corrected, strict=True):
        difference = phase(measured, now, true) - phase(measured, defocus, STATED)
        # an eighth of a ring: what remains is the part of the k⁴ term that no defocus can take up
        assert np.max(np.abs(difference)) < np.pi / 8
        naive = phase(measured, defocus, true) - phase(measured, defocus, STATED)
        assert np.max(np.abs(difference)) < np.max(np.abs(naive))


def test_each_row_is_fitted_to_its_own_resolution() -> None:
    true = Acquisition(1.0, 300.0, 1.2, 0.1)
    limits = np.array([3.5, 6.0, 12.0])
    together = equivalent_defocus(np.full(3, 15_000.0), STATED, true, from_resolution=30.0, to_resolution=limits)
    apart = [
        equivalent_defocus(np.array([15_000.0]), STATED, true, from_resolution=30.0, to_resolution=limits[[row]])[0]
        for row in range(3)
    ]
    np.testing.assert_array_equal(together, apart)
    assert len(set(together)) == 3


def test_nothing_changes_if_nothing_is_corrected() -> None:
    same = equivalent_defocus(np.array([12_345.0]), STATED, STATED, from_resolution=30.0, to_resolution=np.array([5.0]))
    assert same == pytest.approx([12_345.0])


OPTICS = OpticsGroup.describe(
    name="a", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1, detector_pixel_size=1.0
)


def correct(items: list[Item], **true: float) -> tuple[list[dict[str, Any]], dict[str, str], OpticsGroup | None]:
    """The corrected rows, quantity → fate, and the corrected optics group."""
    kind = type(items[0]).kind
    made = CorrectAcquisition().transform(
        {"items": Table.of(items, kind)}, CorrectAcquisition.Parameters.model_validate(true), Path
    )
    table = made["items"]
    assert table.schema.kind == kind
    assert table.frame["id"].to_list() == [item.id for item in items]
    fates = {row["quantity"]: row["fate"] for row in made["corrections"].frame.iter_rows(named=True)}
    return list(table.frame.iter_rows(named=True)), fates, table.optics_groups.get(OPTICS.id)


def ctf(**more: Any) -> CTF:
    values: dict[str, Any] = {
        "id": 7,
        "defocus_u": 15_000.0,
        "defocus_v": 14_000.0,
        "defocus_angle": 10.0,
        "pixel_size": 1.0,
        "score": 0.4,
        "fit_resolution": 5.0,
    }
    return CTF(**values | more).with_optics(OPTICS)


class TestThePixelSize:
    """Without spherical aberration the pixel size alone leaves the rings exactly where they were."""

    def test_ctfs(self) -> None:
        (row,), fates, optics = correct([ctf(tilt_angle=20.0, ice_ring=0.3)], pixel_size=1.02)
        assert row["pixel_size"] == pytest.approx(1.02)
        assert row["fit_resolution"] == pytest.approx(5.1)
        k = np.linspace(1 / 30, 1 / 5, 100)
        true = Acquisition(1.02, 300.0, 2.7, 0.1)
        for name, former in (("defocus_u", 15_000.0), ("defocus_v", 14_000.0)):
            assert np.abs(phase(k, row[name], true) - phase(k, former, STATED)).max() < np.pi / 8
        # defoci grow by 1.02² and lengths by 1.02, so that their slope grows by 1.02
        assert np.tan(np.radians(row["tilt_angle"])) == pytest.approx(1.02 * np.tan(np.radians(20.0)))
        assert (row["defocus_angle"], row["phase_shift"]) == (10.0, 0.0)
        assert row["to_compute_again"] == ["ice_ring", "score"]
        rescaled = {name for name, fate in fates.items() if fate == "rescaled"}
        assert rescaled == {
            *("pixel_size", "fit_resolution", "defocus_u", "defocus_v", "tilt_angle", "detector_pixel_size")
        }
        assert optics is not None
        assert optics.detector_pixel_size == pytest.approx(1.02)

    def test_movies(self) -> None:
        movie = Movie(id=1, file="a.tif", frame_count=10, width=8, height=8, pixel_size=1.0, dose_per_frame=1.5)
        (row,), fates, _ = correct([movie.with_optics(OPTICS)], pixel_size_factor=1.015)
        assert (row["pixel_size"], row["dose_per_frame"]) == (pytest.approx(1.015), 1.5)
        assert fates == {"pixel_size": "rescaled", "detector_pixel_size": "rescaled"}
        assert row["to_compute_again"] == []

    def test_micrographs(self) -> None:
        micrograph = Micrograph(
            id=1,
            file="a.mrc",
            dose_weighted_file="a_DW.mrc",
            motion_file="a.star",
            width=8,
            height=8,
            pixel_size=2.0,
            total_dose=40.0,
            motion_total=30.0,
            motion_early=10.0,
            motion_late=20.0,
        )
        (row,), fates, _ = correct([micrograph.with_optics(OPTICS)], pixel_size=2.2)
        assert [row[name] for name in ("motion_total", "motion_early", "motion_late", "total_dose")] == pytest.approx(
            [33.0, 11.0, 22.0, 40.0]
        )
        assert row["to_compute_again"] == ["dose_weighted_file", "motion_file"]
        assert fates["dose_weighted_file"] == "to compute again"

    def test_particles(self) -> None:
        particle = Particle(
            id=1,
            file="a.mrcs",
            index=0,
            pixel_size=1.0,
            box_size=64,
            defocus_u=15_000.0,
            defocus_v=14_000.0,
            shift_x=-3.0,
            shift_y=2.0,
            rot=10.0,
            x=5.0,
            y=6.0,
        )
        (row,), _, _ = correct([particle.with_optics(OPTICS)], pixel_size=1.1)
        assert (row["shift_x"], row["shift_y"], row["x"], row["y"]) == (pytest.approx(-3.3), pytest.approx(2.2), 5, 6)
        # the part of Cs, 2.7 mm, is a few per cent of the phase at 5 Å
        assert row["defocus_u"] == pytest.approx(15_000 * 1.1**2, rel=0.05)
        assert row["to_compute_again"] == ["file", "rot"]

    def test_maps_and_their_curves(self) -> None:
        volume = Volume(id=1, file="a.mrc", pixel_size=1.0, box_size=64, resolution=3.0, b_factor=-50.0)
        (row,), _, _ = correct([volume], pixel_size=1.05)
        assert (row["resolution"], row["b_factor"]) == (pytest.approx(3.15), pytest.approx(-50 * 1.05**2))
        curve = FSC(id=1, volume_id=1, curve="masked", frequency=(0.1, 0.2), correlation=(1.0, 0.5))
        (row,), _, _ = correct([curve], pixel_size_factor=1.25)
        assert row["frequency"] == pytest.approx([0.08, 0.16])
        assert row["correlation"] == [1.0, 0.5]


class TestTheDose:
    def movie(self, key: int, dose: float | None) -> Movie:
        values: dict[str, Any] = {"frame_count": 10, "width": 8, "height": 8, "pixel_size": 1.0}
        return Movie(id=key, file=f"{key}.tif", dose_per_frame=dose, pre_exposure=3.0, **values).with_optics(OPTICS)

    def test_of_movies(self) -> None:
        rows, fates, _ = correct([self.movie(1, 1.5), self.movie(2, 2.0)], dose_per_frame=1.0)
        assert [row["dose_per_frame"] for row in rows] == [1.0, 1.0]
        assert [row["pre_exposure"] for row in rows] == pytest.approx([2.0, 1.5])
        assert fates == {"dose_per_frame": "rescaled", "pre_exposure": "rescaled"}

    def test_of_movies_that_had_none(self) -> None:
        unknown = [replace(self.movie(key, None), pre_exposure=0.0) for key in (1, 2)]
        rows, _, _ = correct(list(unknown), dose_per_frame=1.0)
        assert [row["dose_per_frame"] for row in rows] == [1.0, 1.0]

    def test_of_micrographs(self) -> None:
        micrograph = Micrograph(
            id=1,
            file="a.mrc",
            dose_weighted_file="a_DW.mrc",
            width=8,
            height=8,
            pixel_size=1.0,
            total_dose=40.0,
            motion_total=30.0,
            motion_early=10.0,
            motion_late=20.0,
        ).with_optics(OPTICS)
        with pytest.raises(ParameterError, match="stated_dose_per_frame"):
            correct([micrograph], dose_per_frame=1.2)
        (row,), fates, _ = correct([micrograph], dose_per_frame=1.2, stated_dose_per_frame=1.0)
        assert row["total_dose"] == pytest.approx(48.0)
        assert row["motion_total"] == 30.0
        assert row["to_compute_again"] == ["dose_weighted_file", "motion_early", "motion_late"]
        assert {name for name, fate in fates.items() if fate == "rescaled"} == {"total_dose"}

    def test_ctfs_do_not_depend_on_it(self) -> None:
        (row,), fates, _ = correct([ctf()], dose_per_frame=1.2)
        assert (row["defocus_u"], row["to_compute_again"]) == (15_000.0, [])
        assert fates == {}


class TestTheMicroscope:
    def test_another_voltage_without_aberration_scales_the_defocus_with_the_wavelength(self) -> None:
        optics = replace(OPTICS, spherical_aberration=0.0)
        fitted = ctf(tilt_angle=20.0).with_optics(optics)
        (row,), fates, now = correct([fitted], voltage=200.0)
        ratio = 0.0196875 / 0.0250793  # Å, textbook wavelengths at 300 and 200 kV
        assert row["defocus_u"] == pytest.approx(15_000 * ratio, rel=1e-4)
        assert row["defocus_v"] == pytest.approx(14_000 * ratio, rel=1e-4)
        assert np.tan(np.radians(row["tilt_angle"])) == pytest.approx(ratio * np.tan(np.radians(20.0)), rel=1e-4)
        assert row["pixel_size"] == 1.0
        assert now is not None
        assert now.voltage == 200.0
        assert fates["voltage"] == "rescaled"

    def test_the_aberration_is_taken_up_by_the_defocus(self) -> None:
        (row,), fates, now = correct([ctf(fit_resolution=4.0)], spherical_aberration=1.2)
        k = np.linspace(1 / 30, 1 / 4, 100)
        true = Acquisition(1.0, 300.0, 1.2, 0.1)
        assert np.abs(phase(k, row["defocus_u"], true) - phase(k, 15_000.0, STATED)).max() < np.pi / 8
        assert np.abs(phase(k, 15_000.0, true) - phase(k, 15_000.0, STATED)).max() > np.pi / 5
        assert now is not None
        assert now.spherical_aberration == 1.2
        assert fates["spherical_aberration"] == "rescaled"
        assert "pixel_size" not in fates

    def test_groups_are_corrected_each_by_itself(self) -> None:
        other = OpticsGroup.describe(name="b", voltage=200.0, spherical_aberration=2.7, amplitude_contrast=0.1)
        items = [ctf(), replace(ctf(), id=8).with_optics(other)]
        rows, _, _ = correct(list(items), voltage=200.0)
        assert rows[0]["defocus_u"] != 15_000.0
        assert rows[1]["defocus_u"] == pytest.approx(15_000.0)

    def test_what_is_already_so_changes_nothing(self) -> None:
        (row,), fates, _ = correct([ctf()], voltage=300.0)
        assert row["defocus_u"] == pytest.approx(15_000.0)
        assert (fates, row["to_compute_again"]) == ({}, [])


def test_a_million_particles_take_no_loop_over_rows() -> None:
    count = 200_000
    random = np.random.default_rng(1)
    frame = pl.DataFrame(
        {
            "id": pl.Series(range(1, count + 1), dtype=pl.UInt64),
            "optics_group": pl.Series([OPTICS.id] * count, dtype=pl.UInt64),
            "pixel_size": np.full(count, 1.0),
            "defocus_u": random.uniform(5e3, 3e4, count),
            "defocus_v": [None, *random.uniform(5e3, 3e4, count - 1)],
            "file": ["a.mrcs"] * count,
            "index": range(count),
            "box_size": [64] * count,
        }
    )
    table = replace(Table.of(frame, "particles"), optics_groups={OPTICS.id: OPTICS})
    calls = []

    def count_calls(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            calls.append(frame.f_code.co_name)

    sys.setprofile(count_calls)
    try:
        made = CorrectAcquisition().transform({"items": table}, CorrectAcquisition.Parameters(pixel_size=1.02), Path)
    finally:
        sys.setprofile(None)
    assert len(calls) < 5_000
    assert made["items"].frame["defocus_v"].null_count() == 1
    assert made["items"].frame["defocus_u"][17] == pytest.approx(
        equivalent_defocus(
            frame["defocus_u"].to_numpy()[17:18],
            STATED,
            Acquisition(1.02, 300.0, 2.7, 0.1),
            from_resolution=30.0,
            to_resolution=np.array([5.0]),
        )[0]
    )


def test_a_run_lists_which_is_which_and_makes_stale_what_read_the_set(
    make_project: Callable[[], Any], tmp_path: Path
) -> None:
    write_image(tmp_path / "a.mrc", np.ones((64, 64), np.float32), pixel_size=1.0)
    project = make_project()
    source = project.add("import-micrographs", folder=tmp_path, voltage=300, pixel_size=1.0, settle=0.0)
    before = project.add("filter", items=source.outputs["micrographs"], condition="pixel_size > 0")
    later = project.add("filter", items=before.outputs["kept"], condition="pixel_size > 0")
    project.drive(source, before, later)
    assert not any(run.staleness().stale for run in project.runs())
    corrected = project.add("correct-acquisition", items=source.outputs["micrographs"], pixel_size=1.05)
    (end,) = project.drive(corrected)
    assert end.state.value == "finished"
    assert end.reason == "rescaled: detector_pixel_size, pixel_size; to compute again: nothing"
    (micrograph,) = corrected.outputs["items"]
    assert micrograph.pixel_size == pytest.approx(1.05)
    stale = {run.number: run.staleness() for run in project.runs()}
    assert [number for number, found in stale.items() if found.stale] == [2, 3]
    assert stale[2].reasons == (
        "Its input items is from run 1 (import-micrographs), which run 4 (correct-acquisition) corrects.",
    )
    assert "which is stale" in stale[3].reasons[0]
    after = project.add("filter", items=corrected.outputs["items"], condition="pixel_size > 0")
    project.drive(after)
    assert not after.staleness().stale


def test_a_correction_of_nothing_is_refused() -> None:
    with pytest.raises(ParameterError, match="Nothing is corrected"):
        CorrectAcquisition().check(CorrectAcquisition.Parameters())
