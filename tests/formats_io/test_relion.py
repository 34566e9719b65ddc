"""RELION's layouts, beside RELION's own programs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cryoloom.data import CTF, Coordinate, Micrograph, Movie, OpticsGroup, Particle, Table
from cryoloom.errors import FormatError, ParameterError
from cryoloom.formats import read_stack, read_star, write_image, write_stack, write_star
from cryoloom.formats.relion import (
    AssumedAcquisition,
    MovieMotion,
    read_coordinates,
    read_ctfs,
    read_micrographs,
    read_motion,
    read_movies,
    read_particles,
    write_coordinate_folder,
    write_coordinates,
    write_micrographs,
    write_motion,
    write_movies,
    write_particles,
)

IDS = {"id": pl.UInt64, "micrograph_id": pl.UInt64, "optics_group": pl.UInt64}
OPTICS = OpticsGroup.describe(
    name="grid1",
    voltage=200.0,
    spherical_aberration=1.4,
    amplitude_contrast=0.08,
    detector_pixel_size=0.5,
    beam_tilt_x=0.25,
    odd_zernike=(0.1, -0.2, 0.0),
    magnification_matrix=(1.01, 0.002, -0.003, 0.99),
    mtf_file="mtf.star",
)


def table(kind, *groups: OpticsGroup, **columns) -> Table:
    frame = pl.DataFrame(columns, schema_overrides={name: IDS[name] for name in IDS.keys() & columns.keys()})
    return Table(frame, kind.schema(), {group.id: group for group in groups}).with_frame(frame)


def particles(count: int = 6) -> Table:
    rng = np.random.default_rng(1)
    names = ["rot", "tilt", "psi", "shift_x", "shift_y", "defocus_u", "defocus_v", "defocus_angle", "x", "y"]
    return table(
        Particle,
        OPTICS,
        id=rng.integers(1, 2**63, count),
        micrograph_id=[7] * count,
        file=["a.mrcs"] * count,
        index=list(range(count)),
        pixel_size=[1.5] * (count - 1) + [3.0],
        box_size=[64] * (count - 1) + [32],
        optics_group=[OPTICS.id] * count,
        half_set=[1, 2] * (count // 2),
        micrograph_file=["Movies/m.mrc"] * count,
        ice_thickness=rng.normal(size=count),
        rlnGroupNumber=[3] * count,
        **{name: rng.normal(0.0, 50.0, count) for name in names},
    )


class TestParticles:
    def test_nothing_is_lost_on_the_way_there_and_back(self, tmp_path: Path) -> None:
        ours = particles()
        assert write_particles(tmp_path / "a.star", ours) == ()
        back = read_particles(tmp_path / "a.star")
        assert back.remarks == ()
        assert set(back.table.frame.columns) == {*ours.frame.columns, "parent_id"}
        for name in ours.frame.columns:
            if name != "optics_group":
                assert back.table.frame[name].to_list() == ours.frame[name].to_list(), name
        first, last = (back.table.optics_groups[back.table.frame["optics_group"][row]] for row in (0, -1))
        assert (first.name, last.name) == ("grid1", "grid1_2")  # RELION needs a group for each pixel size
        for field in (
            "voltage",
            "odd_zernike",
            "magnification_matrix",
            "beam_tilt_x",
            "mtf_file",
            "detector_pixel_size",
        ):
            assert getattr(first, field) == getattr(last, field) == getattr(OPTICS, field)

    def test_relion_keeps_what_it_does_not_know(self, tmp_path: Path, run_program: Callable[..., str]) -> None:
        ours = particles()
        write_particles(tmp_path / "ours.star", ours)
        run_program("relion_star_handler", "--i", "ours.star", "--o", "theirs.star", "--select", "rlnRandomSubset",
                    "--minval", 2, "--maxval", 2)  # fmt: skip
        theirs = read_particles(tmp_path / "theirs.star").table.frame
        expected = ours.frame.filter(pl.col("half_set") == 2)
        assert theirs["id"].to_list() == expected["id"].to_list()
        np.testing.assert_allclose(theirs["ice_thickness"], expected["ice_thickness"], atol=1e-6)
        np.testing.assert_allclose(theirs["shift_x"], expected["shift_x"], rtol=1e-5)

    def test_identities_come_from_the_image_and_differ_where_it_is_listed_twice(self, tmp_path: Path) -> None:
        def read(*names: str) -> list[int]:
            text = "".join(f"{name} 1\n" for name in names)
            (tmp_path / "a.star").write_text(
                "data_optics\nloop_\n_rlnOpticsGroup\n_rlnVoltage\n_rlnImagePixelSize\n_rlnImageSize\n1 300 1.5 64\n"
                f"data_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\n{text}"
            )
            return read_particles(tmp_path / "a.star").table.frame["id"].to_list()

        both = read("1@a.mrcs", "000002@a.mrcs")
        assert read("2@a.mrcs") == both[1:]
        twice = read("1@a.mrcs", "1@a.mrcs", "1@b.mrcs")
        assert len(set(twice)) == 3
        assert twice[0] == both[0]

    def test_the_3_0_layout_has_its_optics_in_the_rows_and_shifts_in_pixels(self, test_data: Path) -> None:
        old = read_particles(test_data / "particles/aspire/sample_particles_relion30.star")
        new = read_particles(test_data / "particles/aspire/sample_particles_relion31.star")
        pixel_size = 5.0 * 1e4 / 37369.207031
        assert old.table.frame["pixel_size"][0] == pytest.approx(pixel_size)
        assert old.table.frame["shift_x"][0] == pytest.approx(0.1996 * pixel_size)
        assert old.table.frame["box_size"][0] == 200
        assert sorted(group.voltage for group in old.table.optics_groups.values()) == [200.0, 300.0]
        assert any("pixels to Å" in remark for remark in old.remarks)
        same = [row for row in range(17) if row != 14]  # the second file repeats a particle there
        for name in ("x", "y", "rot", "tilt", "psi", "defocus_u", "defocus_v", "half_set", "index"):
            np.testing.assert_allclose(old.table.frame[name][same], new.table.frame[name][same], rtol=1e-5)

    def test_relion_converts_the_3_0_layout_alike(
        self, test_data: Path, tmp_path: Path, run_program: Callable[..., str]
    ) -> None:
        for name in ("sample_particles_relion30.star", "sample.mrcs"):
            shutil.copy(test_data / "particles/aspire" / name, tmp_path / name)
        run_program("relion_convert_star", "--i", "sample_particles_relion30.star", "--o", "new.star")
        ours = read_particles(tmp_path / "sample_particles_relion30.star").table
        theirs = read_particles(tmp_path / "new.star").table
        for name in ("x", "y", "rot", "tilt", "psi", "shift_x", "shift_y", "defocus_u", "half_set", "pixel_size"):
            np.testing.assert_allclose(ours.frame[name], theirs.frame[name], rtol=1e-4, err_msg=name)
        for name in ("id", "micrograph_id", "box_size"):
            assert ours.frame[name].to_list() == theirs.frame[name].to_list()
        for one, other in zip(ours.frame["optics_group"], theirs.frame["optics_group"], strict=True):
            assert ours.optics_groups[one].voltage == theirs.optics_groups[other].voltage

    def test_a_shift_in_pixels_is_not_lost_beside_an_optics_table(self, test_data: Path) -> None:
        """RELION 3.1 ignores it silently; here the images prove that it is meant."""
        folder = test_data / "particles/aspire"
        shifted = read_particles(folder / "rln_proj_64_shifted.star")
        with (
            read_stack(folder / "rln_proj_64_shifted.mrcs") as moved,
            read_stack(folder / "rln_proj_64_centered.mrcs") as centred,
        ):
            for number, row in enumerate(shifted.table.frame.iter_rows(named=True)):
                shift = round(row["shift_y"] / row["pixel_size"]), round(row["shift_x"] / row["pixel_size"])
                rolled = np.roll(moved[number], shift, axis=(0, 1))
                assert np.corrcoef(rolled.ravel(), centred[number].ravel())[0, 1] > 0.99

    def test_real_files_of_many_programs(self, test_data: Path) -> None:
        six = read_particles(test_data / "metadata/cryodrgn/relion31.6opticsgroups.star").table
        assert len(six.optics_groups) == 6
        group = next(group for group in six.optics_groups.values() if group.name == "opticsGroup5")
        assert group.odd_zernike[:2] == (1.70554063513, 1.2131261042)
        assert group.magnification_matrix[0] == 1.011472
        assert group.extra["rlnCtfDataAreCtfPremultiplied"] == 0
        five = read_particles(test_data / "metadata/cryodrgn/relion5.star").table.frame
        assert (five["file"][1], five["index"][1]) == ("toy_images_b.mrcs", 1)
        assert set(five["half_set"].unique()) <= {1, 2}
        cryosegnet = read_particles(test_data / "metadata/cryosegnet/sample2.star").table.frame
        assert cryosegnet["box_size"].to_list() == [320, 320]

    def test_what_a_file_does_not_say_must_be_given(self, test_data: Path) -> None:
        path = test_data / "particles/cryodrgn/toy_projections.star"
        with pytest.raises(FormatError, match="pixel size is not stated"):
            read_particles(path)
        given = read_particles(path, assumed=AssumedAcquisition(pixel_size=1.0, box_size=30))
        assert given.table.frame["phase_shift"].to_list() == [90.0] * 1000
        with pytest.raises(FormatError, match="voltage is not stated; give it"):
            read_particles(test_data / "particles/aspire/rln_proj_64.star")

    def test_unknown_values_are_null_and_come_back_as_relion_writes_them(self, tmp_path: Path) -> None:
        ours = particles(4)
        ours = ours.with_frame(ours.frame.with_columns(class_number=pl.Series([1, None, 3, None], dtype=pl.Int64)))
        write_particles(tmp_path / "a.star", ours)
        written = read_star(tmp_path / "a.star")["particles"]
        assert written["rlnClassNumber"].to_list() == [1, 0, 3, 0]
        assert read_particles(tmp_path / "a.star").table.frame["class_number"].to_list() == [1, None, 3, None]
        partly = ours.frame.with_columns(defocus_u=pl.Series([1.0, None, 2.0, 3.0]))
        with pytest.raises(ParameterError, match="defocus_u is not known for 1 of 4"):
            write_particles(tmp_path / "b.star", ours.with_frame(partly))
        assert not (tmp_path / "b.star").exists()

    @pytest.mark.parametrize("bad", ["nan", "inf", "-inf"])
    @pytest.mark.parametrize(
        ("label", "of_it"),
        [
            ("rlnAngleTilt", ("rot", "tilt", "psi", "shift_x", "shift_y")),
            ("rlnOriginYAngst", ("rot", "tilt", "psi", "shift_x", "shift_y")),
            ("rlnPhaseShift", ("defocus_u", "defocus_v", "defocus_angle", "phase_shift")),
            ("rlnCtfBfactor", ("defocus_u", "phase_shift", "ctf_b_factor", "ctf_scale")),
        ],
    )
    def test_a_pose_or_ctf_of_which_a_part_is_no_number_is_none(
        self, bad: str, label: str, of_it: tuple[str, ...], tmp_path: Path
    ) -> None:
        """A shift or phase of 0 in its place would be a number that nobody measured."""
        labels = ("AngleRot", "AngleTilt", "AnglePsi", "OriginXAngst", "OriginYAngst", "DefocusU", "DefocusV")
        labels = (*labels, "DefocusAngle", "PhaseShift", "CtfBfactor", "CtfScalefactor")
        text = "data_optics\nloop_\n_rlnOpticsGroup\n_rlnVoltage\n1 300\ndata_particles\nloop_\n_rlnImageName\n"
        text += "".join(f"_rln{each}\n" for each in labels)
        for row in (1, 2):
            values = [
                bad if f"rln{each}" == label and row == 2 else f"{10 * row + n}.5" for n, each in enumerate(labels)
            ]
            text += f"{row}@a.mrcs {' '.join(values)}\n"
        (tmp_path / "a.star").write_text(text)
        assumed = AssumedAcquisition(pixel_size=1.0, box_size=8)
        given = read_particles(tmp_path / "a.star", assumed=assumed)
        told = given.table.frame.select(pl.col(name).is_finite().fill_null(False) for name in of_it)
        assert told.row(0) == (True,) * len(of_it)
        assert given.table.frame.select(of_it).row(1) == (None,) * len(of_it)
        (other,) = {"rot", "defocus_u"} - set(of_it)
        assert given.table.frame[other].is_finite().all()
        assert any("1 particle holds what is no number" in remark for remark in given.remarks)

    def test_whether_images_were_changed_by_their_ctfs_is_a_number(self, tmp_path: Path) -> None:
        """The word False would otherwise count for true."""
        text = "data_optics\nloop_\n_rlnOpticsGroup\n_rlnVoltage\n_rlnCtfDataAreCtfPremultiplied\n1 300 {}\n"
        text += "data_particles\nloop_\n_rlnImageName\n1@a.mrcs\n"
        (tmp_path / "a.star").write_text(text.format("False"))
        assumed = AssumedAcquisition(pixel_size=1.0, box_size=8)
        with pytest.raises(FormatError, match="'False' in column _rlnCtfDataAreCtfPremultiplied, row 1, is no whole"):
            read_particles(tmp_path / "a.star", assumed=assumed)
        (tmp_path / "a.star").write_text(text.format("0"))
        (group,) = read_particles(tmp_path / "a.star", assumed=assumed).table.optics_groups.values()
        assert group.extra["rlnCtfDataAreCtfPremultiplied"] == 0

    def test_particles_without_a_pose_are_not_written_beside_others_with_one(self, tmp_path: Path) -> None:
        """RELION would take 0, 0, 0 for a pose, and so should we when they come back."""
        ours = particles(4)
        partly = ours.frame.with_columns(rot=pl.Series([1.0, None, 2.0, 3.0]))
        with pytest.raises(ParameterError, match="rot is not known for 1 of 4"):
            write_particles(tmp_path / "b.star", ours.with_frame(partly))

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("data_\nloop_\n_rlnMicrographName\na.mrc\n", "no table has the column _rlnImageName"),
            ("data_optics\nloop_\n_rlnOpticsGroup\n_rlnVoltage\n1 300\n1 300\n", "described twice"),
            ("data_optics\nloop_\n_rlnOpticsGroup\n_rlnVoltage\n2 300\n", "group 1 is used but not described"),
        ],
    )
    def test_contradictions_are_refused(self, text: str, reason: str, tmp_path: Path) -> None:
        if "optics" in text:
            text += "data_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\n1@a.mrcs 1\n"
        (tmp_path / "a.star").write_text(text)
        with pytest.raises(FormatError, match=reason):
            read_particles(tmp_path / "a.star", assumed=AssumedAcquisition(300.0, pixel_size=1.0, box_size=8))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A micrograph with bright points where particles are."""
    image = np.zeros((120, 200), np.float32)
    image[30, 50], image[60, 150], image[80, 41] = 10.0, 11.0, 12.0
    (tmp_path / "MotionCorr/job002/Movies").mkdir(parents=True)
    write_image(tmp_path / "MotionCorr/job002/Movies/m.mrc", image, pixel_size=2.0)
    write_image(tmp_path / "MotionCorr/job002/Movies/m_noDW.mrc", image, pixel_size=2.0)
    return tmp_path


NAME = "MotionCorr/job002/Movies/m.mrc"
MICROGRAPHS = table(
    Micrograph,
    OPTICS,
    id=[7],
    file=["MotionCorr/job002/Movies/m_noDW.mrc"],
    dose_weighted_file=[NAME],
    width=[200],
    height=[120],
    pixel_size=[2.0],
    optics_group=[OPTICS.id],
    motion_total=[4.5],
    motion_early=[1.5],
    motion_late=[3.0],
    total_dose=[40.0],
)
CTFS = table(
    CTF,
    OPTICS,
    id=[7],
    defocus_u=[12000.0],
    defocus_v=[11000.0],
    defocus_angle=[35.0],
    phase_shift=[0.0],
    score=[0.3],
    fit_resolution=[4.0],
    ice_thickness_relative=[0.5],
    pixel_size=[2.0],
    optics_group=[OPTICS.id],
)
COORDINATES = table(
    Coordinate,
    id=[11, 12, 13],
    micrograph_id=[7, 7, 7],
    x=[50.0, 150.0, 41.0],
    y=[30.0, 60.0, 80.0],
    score=[0.5, 0.25, 0.75],
    diameter=[120.0, 120.0, 120.0],
    micrograph_file=[NAME] * 3,
)


def test_relion_extracts_where_our_coordinates_point(project: Path, run_program: Callable[..., str]) -> None:
    """It finds micrographs, CTFs and coordinates of ours; the points lie at the boxes' centres, and ids survive."""
    write_micrographs(project / "mics.star", MICROGRAPHS, CTFS)
    write_coordinate_folder(project / "coords", COORDINATES)
    run_program(
        "relion_preprocess", "--i", "mics.star", "--coord_dir", "coords/", "--coord_suffix", "_autopick.star",
        "--part_star", "out/particles.star", "--part_dir", "out/", "--extract", "--extract_size", 32,
    )  # fmt: skip
    extracted = read_particles(project / "out/particles.star").table.frame
    assert extracted["id"].to_list() == [11, 12, 13]
    assert extracted["micrograph_id"].to_list() == [7, 7, 7]
    assert extracted["x"].to_list() == [50.0, 150.0, 41.0]
    assert extracted["score"].to_list() == [0.5, 0.25, 0.75]
    assert extracted["defocus_u"].to_list() == [12000.0] * 3
    with read_stack(project / extracted["file"][0]) as images:
        for number in range(3):
            assert np.unravel_index(images[number].argmax(), (32, 32)) == (16, 16)


def test_micrographs_and_ctfs_come_back(project: Path) -> None:
    assert write_micrographs(project / "mics.star", MICROGRAPHS, CTFS) == ()
    micrographs, ctfs = read_micrographs(project / "mics.star").table, read_ctfs(project / "mics.star").table
    for ours, back in ((MICROGRAPHS, micrographs), (CTFS, ctfs)):
        assert set(back.frame.columns) == set(ours.frame.columns)
        for name in ours.frame.columns:
            assert back.frame[name].to_list() == ours.frame[name].to_list() or name == "optics_group", name
    group = next(iter(ctfs.optics_groups.values()))
    assert (group.voltage, group.detector_pixel_size) == (200.0, 0.5)
    assert read_star(project / "mics.star")["micrographs"]["rlnCtfAstigmatism"].to_list() == [1000.0]


def test_micrographs_without_ctf_are_left_out_and_said(project: Path) -> None:
    two = MICROGRAPHS.with_frame(
        pl.concat([MICROGRAPHS.frame, MICROGRAPHS.frame.with_columns(id=pl.lit(8, pl.UInt64), file=pl.lit("n.mrc"))])
    )
    assert write_micrographs(project / "mics.star", two, CTFS) == ("1 micrograph without a CTF left out.",)
    assert read_micrographs(project / "mics.star").table.frame["id"].to_list() == [7]


def test_a_missing_defocus_is_said(project: Path) -> None:
    write_micrographs(project / "mics.star", MICROGRAPHS)
    with pytest.raises(FormatError, match="gives no defocus"):
        read_ctfs(project / "mics.star")


def test_micrographs_that_cannot_be_read_are_left_out_with_their_reasons(project: Path) -> None:
    rows = [
        MICROGRAPHS.frame.with_columns(id=pl.lit(number, pl.UInt64), dose_weighted_file=pl.lit(name))
        for number, name in enumerate(("gone.mrc", NAME, "text.mrc"), 8)
    ]
    (project / "text.mrc").write_text("no image")
    write_micrographs(project / "mics.star", MICROGRAPHS.with_frame(pl.concat(rows)))
    read = read_micrographs(project / "mics.star")
    assert read.table.frame["dose_weighted_file"].to_list() == [NAME]
    assert list(read.unreadable) == ["gone.mrc", "text.mrc"]
    assert "neither below its folder nor" in read.unreadable["gone.mrc"]


def test_coordinates_in_one_file_in_many_and_in_bare_ones(project: Path) -> None:
    write_coordinates(project / "all.star", COORDINATES)
    index = write_coordinate_folder(project / "coords", COORDINATES)
    assert (project / "coords/Movies/m_autopick.star").is_file()
    for path in (project / "all.star", index):
        back = read_coordinates(path).table.frame
        for name in COORDINATES.frame.columns:
            assert back[name].to_list() == COORDINATES.frame[name].to_list(), name
    (project / "bare.star").write_text("data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n1 2\n3 4\n1.1 2\n")
    bare = read_coordinates(project / "bare.star", micrograph=NAME)
    assert bare.table.frame["micrograph_file"].to_list() == [NAME, NAME]
    assert "1 position was left out" in bare.remarks[0]


def test_a_micrograph_without_particles(tmp_path: Path) -> None:
    (tmp_path / "none.star").write_text("data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n_rlnClassNumber\n\n")
    assert read_coordinates(tmp_path / "none.star", micrograph=NAME).table.frame.height == 0
    write_coordinates(tmp_path / "none.star", COORDINATES.with_frame(COORDINATES.frame.clear()))
    assert read_coordinates(tmp_path / "none.star").table.frame.height == 0
    ours = particles()
    write_particles(tmp_path / "none.star", ours.with_frame(ours.frame.clear()))
    assert read_particles(tmp_path / "none.star").table.frame.height == 0


def test_movies_come_back(tmp_path: Path) -> None:
    write_stack(tmp_path / "m.mrcs", np.zeros((3, 20, 30), np.int16), pixel_size=0.5)
    movies = table(
        Movie, OPTICS, id=[5], file=["m.mrcs"], frame_count=[3], width=[30], height=[20], pixel_size=[0.5],
        dose_per_frame=[1.1], optics_group=[OPTICS.id],
    )  # fmt: skip
    write_movies(tmp_path / "movies.star", movies)
    assert read_star(tmp_path / "movies.star")["optics"]["rlnMicrographOriginalPixelSize"].to_list() == [0.5]
    back = read_movies(tmp_path / "movies.star").table
    for name in movies.frame.columns:
        assert back.frame[name].to_list() == movies.frame[name].to_list() or name == "optics_group", name


class TestMotion:
    motion = MovieMotion(
        movie_file="m.mrcs",
        width=640,
        height=512,
        frame_count=4,
        pixel_size=1.5,
        binning=2.0,
        voltage=300.0,
        dose_per_frame=1.2,
        pre_exposure=0.5,
        global_shifts=((0.0, 0.0), (1.5, -2.5), None, (3.25, 1.0)),
        local_model=tuple(np.linspace(-1.0, 1.0, 36).tolist()),
        gain_file="gain.mrc",
        hot_pixels=((200, 100), (17, 300)),
    )

    def test_comes_back(self, tmp_path: Path) -> None:
        write_motion(tmp_path / "m.star", self.motion)
        assert read_motion(tmp_path / "m.star") == self.motion

    def test_relion_reads_ours_and_we_read_relions(self, tmp_path: Path, run_program: Callable[..., str]) -> None:
        """RELION passes over a movie that is done, and takes its motion from the STAR file beside the sum."""
        rng = np.random.default_rng(2)
        scene = np.kron(rng.uniform(5.0, 15.0, (32, 40)), np.ones((8, 8)))
        frames = rng.poisson(np.stack([np.roll(scene, (2 * n, 3 * n), (0, 1)) for n in range(4)])).astype(np.int16)
        frames[:, 100, 200] = 200
        write_stack(tmp_path / "m.mrcs", frames, pixel_size=1.5)
        optics = {"rlnOpticsGroupName": ["o"], "rlnOpticsGroup": [1], "rlnMicrographOriginalPixelSize": [1.5]}
        optics |= {"rlnVoltage": [300.0], "rlnSphericalAberration": [2.7], "rlnAmplitudeContrast": [0.1]}
        movies = {"rlnMicrographMovieName": ["m.mrcs"], "rlnOpticsGroup": [1]}
        write_star(tmp_path / "movies.star", {"optics": pl.DataFrame(optics), "movies": pl.DataFrame(movies)})
        arguments = ["--i", "movies.star", "--o", "out/", "--use_own", "--patch_x", 1, "--patch_y", 1, "--bfactor", 150,
                     "--dose_weighting", "--dose_per_frame", 1.25, "--only_do_unfinished"]  # fmt: skip
        run_program("relion_run_motioncorr", *arguments)
        theirs = read_motion(tmp_path / "out/m.star")
        assert (theirs.width, theirs.height, theirs.frame_count) == (320, 256, 4)
        assert (theirs.dose_per_frame, theirs.local_model) == (1.25, None)
        assert theirs.hot_pixels == ((200, 100),)
        # the scene moves by (3, 2) a frame, and is to be moved back
        np.testing.assert_allclose(theirs.global_shifts, [(-3 * n, -2 * n) for n in range(4)], atol=0.5)

        ours = MovieMotion(
            **{name: getattr(theirs, name) for name in theirs.__slots__}  # type: ignore[arg-type]
            | {
                "global_shifts": ((0.0, 0.0), (3.0, 4.0), (6.0, 8.0), (6.0, 8.0)),
                "local_model": self.motion.local_model,
            }
        )
        write_motion(tmp_path / "out/m.star", ours)
        (tmp_path / "out/corrected_micrographs.star").unlink()
        run_program("relion_run_motioncorr", *arguments)
        assert read_motion(tmp_path / "out/m.star") == ours
        summary = read_star(tmp_path / "out/corrected_micrographs.star")["micrographs"]
        assert summary["rlnAccumMotionTotal"].to_list() == pytest.approx([10.0])  # in pixels of 1.5 Å
        micrographs = read_micrographs(tmp_path / "out/corrected_micrographs.star").table.frame
        assert micrographs["motion_total"].to_list() == pytest.approx([15.0])

    def test_what_is_no_motion_is_refused(self, tmp_path: Path) -> None:
        write_star(tmp_path / "a.star", {"general": {"rlnVoltage": 300.0}})
        with pytest.raises(FormatError, match="no file of a movie's motion"):
            read_motion(tmp_path / "a.star")
        write_motion(tmp_path / "b.star", self.motion)
        text = (tmp_path / "b.star").read_text()
        (tmp_path / "b.star").write_text(text.replace("35 1.0\n", ""))
        with pytest.raises(FormatError, match="35 coefficients"):
            read_motion(tmp_path / "b.star")
        (tmp_path / "b.star").write_text(re.sub(r"(ModelVersion +)1", r"\g<1>2", text))
        with pytest.raises(FormatError, match="version 2"):
            read_motion(tmp_path / "b.star")
