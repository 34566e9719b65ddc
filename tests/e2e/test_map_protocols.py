"""What is done to maps, as runs: from an imported map with halves to its mask, resolution and other hand."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import polars as pl
import pytest
from tiny_session import InlineEnvironment, drive_here

from cryoloom.engine.maps import low_pass, soft_sphere
from cryoloom.engine.projection import project_volume
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Project, Run

BOX, PIXEL, DETAIL = 48, 2.0, 7.0


class Maps:
    """A project with an imported map and particles that have poses in it."""

    def __init__(self, folder: Path) -> None:
        random = np.random.default_rng(1)
        texture = low_pass(random.normal(size=(BOX,) * 3).astype(np.float32), DETAIL, pixel_size=PIXEL)
        signal = soft_sphere(BOX, 11.0, 3.0) * (0.5 + texture)
        halves = [signal + random.normal(0, 0.3, signal.shape).astype(np.float32) for _ in range(2)]
        for name, volume in (("half1", halves[0]), ("half2", halves[1]), ("full", 0.5 * (halves[0] + halves[1]))):
            mrcfile.write(folder / f"{name}.mrc", volume.astype(np.float32), voxel_size=PIXEL)
        self.angles = random.uniform([-180, 0, -180], [180, 180, 180], (4, 3))
        rows = "\n".join(f"{a[0]:.6f} {a[1]:.6f} {a[2]:.6f} {n:06d}@s.mrcs 1" for n, a in enumerate(self.angles, 1))
        (folder / "particles.star").write_text(
            "data_optics\n\nloop_\n_rlnOpticsGroup #1\n_rlnOpticsGroupName #2\n_rlnVoltage #3\n"
            "_rlnSphericalAberration #4\n_rlnAmplitudeContrast #5\n_rlnImagePixelSize #6\n_rlnImageSize #7\n"
            f"_rlnImageDimensionality #8\n1 one 300 2.7 0.1 {PIXEL} {BOX} 2\n\ndata_particles\n\nloop_\n"
            "_rlnAngleRot #1\n_rlnAngleTilt #2\n_rlnAnglePsi #3\n_rlnImageName #4\n_rlnOpticsGroup #5\n" + rows + "\n"
        )
        mrcfile.write(folder / "s.mrcs", np.zeros((4, BOX, BOX), np.float32), voxel_size=PIXEL)
        self.project = Project(ProjectFolder.create(folder / "project", "Maps"), InlineEnvironment())
        files = {"file": folder / "full.mrc", "half1": folder / "half1.mrc", "half2": folder / "half2.mrc"}
        self.map = self.made("import-volume", **files)
        self.particles = self.made("import-particles", file=folder / "particles.star")
        self.mask = self.made("create-mask", volumes=self.map.outputs["volumes"])

    def made(self, protocol: str, **values: object) -> Run:
        return drive_here(self.project, self.project.add(protocol, **values))

    def read(self, name: str) -> np.ndarray:
        return mrcfile.read(self.project.path / name)


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Maps:
    return Maps(tmp_path_factory.mktemp("maps"))


def only_row(run: Run, output: str) -> dict:
    (row,) = run.outputs[output].to_polars().rows(named=True)
    return row


def test_a_mask_surrounds_the_particle(maps: Maps) -> None:
    row = only_row(maps.mask, "masks")
    mask = maps.read(row["file"])
    assert mask[24, 24, 24] == 1
    assert mask[0].max() == 0
    assert (row["pixel_size"], row["box_size"]) == (PIXEL, BOX)
    assert row["id"] == only_row(maps.map, "volumes")["id"]


@pytest.mark.parametrize("masked", [True, False])
def test_postprocess_tells_the_resolution(maps: Maps, masked: bool) -> None:
    inputs = {"volumes": maps.map.outputs["volumes"]} | ({"masks": maps.mask.outputs["masks"]} if masked else {})
    run = maps.made("postprocess", **inputs)
    row = only_row(run, "volumes")
    # A mask of 22 voxels carries signal over a shell or two of the 14 that hold it.
    assert row["resolution"] == pytest.approx(DETAIL, rel=0.15)
    assert maps.read(row["file"]).shape == maps.read(row["mask_file"]).shape == (BOX,) * 3
    curves = run.outputs["fscs"].to_polars()
    assert set(curves["curve"]) == {"unmasked", "masked", "phase-randomised", "corrected"}
    assert set(curves["volume_id"]) == {row["id"]}
    assert curves["frequency"].list.len().unique().to_list() == [BOX // 2 + 1]


def test_local_resolution_is_that_of_the_texture(maps: Maps) -> None:
    run = maps.made("local-resolution", volumes=maps.map.outputs["volumes"], masks=maps.mask.outputs["masks"])
    row = only_row(run, "resolutions")
    assert row["median"] == pytest.approx(DETAIL, rel=0.15)
    assert row["finest"] <= row["median"] <= row["coarsest"]
    values = maps.read(row["file"])
    assert np.median(values[values > 0]) == pytest.approx(row["median"])


def test_a_resampled_map_takes_its_halves_along(maps: Maps) -> None:
    run = maps.made("resample-map", volumes=maps.map.outputs["volumes"], pixel_size=3.0, box_size=32)
    row = only_row(run, "volumes")
    assert (row["pixel_size"], row["box_size"]) == (3.0, 32)
    for column in ("file", "half1_file", "half2_file"):
        with mrcfile.open(maps.project.path / row[column]) as file:
            assert file.data.shape == (32,) * 3
            assert file.voxel_size.x == pytest.approx(3.0)


def test_maps_and_particles_of_the_other_hand_fit_each_other(maps: Maps) -> None:
    run = maps.made(
        "invert-hand",
        volumes=maps.map.outputs["volumes"],
        particles=maps.particles.outputs["particles"],
        hand="as in the test",
    )
    row = only_row(run, "volumes")
    assert row["hand"] == "as in the test"
    particles = run.outputs["particles"].to_polars().sort("index")
    sphere = soft_sphere(BOX, 18.0, 4.0)  # the first planes of an even box have no partner
    angles = particles.select("rot", "tilt", "psi").to_numpy()
    former = maps.read(only_row(maps.map, "volumes")["file"])
    before = project_volume(sphere * former, maps.angles, pixel_size=PIXEL)
    after = project_volume(sphere * maps.read(row["file"]), angles, pixel_size=PIXEL)
    assert abs(after - before).max() < 1e-3 * abs(before).max()
    known = maps.particles.outputs["particles"].to_polars().sort("index")
    others = pl.exclude("rot", "tilt", "psi", "parent_id")
    assert particles.select(others).equals(known.select(others))
    alone = maps.made("invert-hand", volumes=maps.map.outputs["volumes"])
    assert len(alone.outputs["particles"]) == 0
