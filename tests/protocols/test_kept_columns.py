"""What is known of particles and not used yet is in the exported STAR file after any step, as it came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import polars as pl
import pytest
from phantom_particles import BOX, DIAMETER, PIXEL, write_particles
from polars.testing import assert_frame_equal

from cryoloom.engine.refinement import FoundPoses
from cryoloom.formats import read_star, write_image, write_star
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState

COUNT = 80
HELICAL = {
    "rlnHelicalTubeID": pl.Int64,
    "rlnHelicalTrackLengthAngst": pl.Float64,
    "rlnAnglePsiPrior": pl.Float64,
    "rlnAngleTiltPrior": pl.Float64,
    "rlnAnglePsiFlipRatio": pl.Float64,
}
OTHERS = {
    "rlnBeamTiltClass": pl.Int64,
    "rlnCtfBfactor": pl.Float64,  # as are the rest: of polishing, of scoring, of tomography, and of no program
    "rlnMaxValueProbDistribution": pl.Float64,
    "rlnTomoParticleName": pl.String,
    "rlnOfSomeLaterVersion": pl.Float64,
    "rlnWordOfSomeLaterVersion": pl.String,
}
COLUMNS = HELICAL | OTHERS
OF_OPTICS = {"rlnEwaldSphereHand": -1, "rlnOfSomeLaterOptics": 1.5}
"""Of optics groups: that of the curvature of the Ewald sphere, and one that is known to nobody."""
MICROGRAPH_PIXEL = 3.0


def kept(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns in question, particle by particle."""
    missing = set(COLUMNS) - set(frame.columns)
    assert not missing, f"{sorted(missing)} were dropped"
    return frame.select(*COLUMNS)


@pytest.fixture(scope="module")
def star(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Particles of one micrograph, with columns that nothing here uses."""
    star = write_particles(tmp_path_factory.mktemp("particles"), count=COUNT, noise=0.5)
    blocks = read_star(star)
    table = blocks["particles"].drop("cryoloom_micrograph_id", "cryoloom_parent_id")  # known by the micrograph's name
    random = np.random.default_rng(2)
    values: dict[str, Any] = {}
    for name, kind in COLUMNS.items():
        numbers = random.permutation(COUNT) + 1
        values[name] = {pl.Int64: numbers, pl.Float64: numbers / 8, pl.String: [f"word{one}" for one in numbers]}[kind]
    frame = table.with_columns(
        *(pl.Series(name, given) for name, given in values.items()),
        pl.Series("rlnCoordinateX", 60.0 + 60.0 * (np.arange(COUNT) % 10)),
        pl.Series("rlnCoordinateY", 60.0 + 60.0 * (np.arange(COUNT) // 10)),
        rlnMicrographName=pl.lit("mic.mrc"),
    )
    optics = blocks["optics"].with_columns(pl.lit(value).alias(name) for name, value in OF_OPTICS.items())
    write_star(star, {"optics": optics, "particles": frame})
    image = np.random.default_rng(3).normal(size=(580, 700)).astype(np.float32)
    write_image(star.with_name("mic.mrc"), image, pixel_size=MICROGRAPH_PIXEL)
    star.with_name("micrographs.star").write_text(
        "data_optics\n\nloop_\n_rlnOpticsGroupName\n_rlnOpticsGroup\n_rlnVoltage\n_rlnSphericalAberration\n"
        f"_rlnAmplitudeContrast\n_rlnMicrographPixelSize\none 1 300 2.7 0.1 {MICROGRAPH_PIXEL}\n\n"
        "data_micrographs\n\nloop_\n_rlnMicrographName\n_rlnOpticsGroup\nmic.mrc 1\n"
    )
    mask = np.zeros((BOX,) * 3, np.float32)
    mask[8:24, 8:24, 8:16] = 1.0
    mrcfile.write(star.with_name("mask.mrc"), mask, voxel_size=PIXEL)
    return star


def nowhere(particles: Any, *_: Any, **__: Any) -> FoundPoses:
    """Poses that cost no time, since they are of no interest here."""
    count = len(particles)
    return FoundPoses(np.tile(np.eye(3), (count, 1, 1)), np.zeros((count, 2)), np.zeros(count), np.zeros(count))


def test_columns_that_nothing_uses_yet_survive_every_step(make_project, star, monkeypatch, tmp_path):
    monkeypatch.setattr("cryoloom.engine.refinement.find_poses", nowhere)
    project = make_project()
    inputs = {"particles": "1.particles", "reference": "2.volumes"}
    quick = {"diameter": DIAMETER, "threads": 1}
    first = [
        project.add("import-particles", file=star),
        project.add("import-volume", file=star.with_name("truth.mrc")),
        project.add("import-micrographs", file=star.with_name("micrographs.star")),
        project.add("create-mask", volumes="2.volumes", shape="cylinder", diameter=60.0),
    ]
    symmetric = {"symmetry": "D7", "accept_symmetry": True}  # which has few orientations, and quick iterations
    steps = {
        "refine": project.add("refine", **inputs, **quick, **symmetric, iterations=2, trust="quick"),
        "class2d": project.add(
            "class2d", particles="1.particles", **quick, classes=2, mini_batches=1, full_passes=1, final_resolution=30.0
        ),
        "class3d": project.add(
            "class3d", **inputs, **quick, resolution=20.0, start_resolution=25.0, start_iterations=2, iterations=1
        ),
        "abinitio": project.add(
            "abinitio", particles="1.particles", **quick, runs=1, iterations=2, batch_size=10, final_resolution=30.0,
            classes=2,
        ),
        "subtract": project.add("subtract", **inputs, masks="4.masks", threads=1),
        "expand-symmetry": project.add("expand-symmetry", particles="1.particles", symmetry="C2"),
        "change-box": project.add(
            "change-box", particles="1.particles", micrographs="3.micrographs", box_size=36, threads=1
        ),
    }  # fmt: skip
    numbers = {name: run.number for name, run in steps.items()}
    chosen = project.add(
        "select-classes",
        classes=f"{numbers['class2d']}.classes",
        particles=f"{numbers['class2d']}.particles",
        least_resemblance=0.0,
    )
    picked = project.add(
        "select-classes-3d",
        classes=f"{numbers['class3d']}.classes",
        particles=f"{numbers['class3d']}.particles",
        keep="1-2",
        least_probability=0.0,
    )
    of_abinitio = project.add("filter", items=f"{numbers['abinitio']}.particles", condition="class_number >= 1")
    for run in (*first, *steps.values(), chosen, picked, of_abinitio):  # one waits for ever for another that has failed
        (end,) = project.drive(run)
        assert end.state is RunState.FINISHED, (run.record.protocol, end.reason)
    results: dict[str, tuple[Run, str]] = {name: (run, "particles") for name, run in steps.items()}
    results |= {"select-classes": (chosen, "particles"), "select-classes-3d": (picked, "particles")}
    results["filter"] = (of_abinitio, "kept")
    given = read_star(star)["particles"]
    for name, (run, output) in results.items():
        export = project.add("export", particles=run.outputs[output])
        (end,) = project.drive(export)
        assert end.state is RunState.FINISHED, (name, end.reason)
        blocks = read_star(export.folder.files / "star" / "particles.star")
        made, identities = blocks["particles"], run.outputs[output].to_polars()
        assert made.height == identities.height > 0, name
        source = "source_particle_id" if name == "expand-symmetry" else "id"
        rows = pl.DataFrame({"row": identities[source].to_numpy().astype(np.int64) - 1000})
        expected = given.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
        expected = rows.join(expected, on="row", how="left", maintain_order="left")
        assert_frame_equal(kept(made), kept(expected), check_dtypes=False)
        for label, value in OF_OPTICS.items():
            assert set(blocks["optics"][label]) == {value}, name
