"""One project that runs, as runs, the protocols that no other session does: each does what it says on real items."""

from __future__ import annotations

import shutil
from pathlib import Path

import gemmi
import mrcfile
import numpy as np
import polars as pl
import pytest
from tiny_session import (
    BEAM_SHIFTS,
    DOSE_PER_FRAME,
    MOVIES,
    InlineEnvironment,
    TinySession,
    drive_here,
)

from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Project as WorkflowProject
from cryoloom.workflow.project import Run


class Everything:
    """A copy of the undisturbed project, to which further runs are added."""

    def __init__(self, project: WorkflowProject, runs: dict[str, Run]) -> None:
        self.project = project
        self.runs = runs

    def made(self, protocol: str, **values: object) -> Run:
        return drive_here(self.project, self.project.add(protocol, **values))


@pytest.fixture(scope="module")
def everything(calm, tmp_path_factory: pytest.TempPathFactory) -> Everything:
    folder = tmp_path_factory.mktemp("everything") / "project"
    copied = ProjectFolder.open(shutil.copytree(calm.project.path, folder, symlinks=True))
    project = WorkflowProject(copied, InlineEnvironment())
    return Everything(project, {name: project.run(run.number) for name, run in calm.runs.items()})


def rows_of(run: Run, output: str) -> pl.DataFrame:
    return run.outputs[output].to_polars()


def test_every_embedded_protocol_is_run_here_or_in_another_test(everything: Everything) -> None:
    """Imports of tables, what makes maps and what is done to them have tests of their own, as runs."""
    elsewhere = {f"import-{what}" for what in ("micrographs", "ctfs", "coordinates", "particles", "volume")}
    elsewhere |= {
        "class2d",
        "select-classes",
        "abinitio",
        "class3d",
        "select-classes-3d",
        "refine",
        "ctf-refine",
        "subtract",
        "expand-symmetry",
        "change-box",
        "reconstruct",
        "remove-duplicates",
    }
    here = {"preflight", "export", "report", "correct-acquisition", "join", "split", "combine", "group-optics"}
    elsewhere |= {"create-mask", "postprocess", "local-resolution", "resample-map", "invert-hand"}
    elsewhere |= {"align-to-symmetry", "fit-map", "filter-map", "combine-maps"}
    elsewhere |= {"half-map-difference", "directional-resolution", "views", "model-fsc"}
    chain = {run.record.protocol for run in everything.runs.values()}
    assert set(everything.project.environment.protocols()) == elsewhere | here | chain


def test_preflight_finds_nothing_wrong_with_what_was_stated_rightly(everything: Everything) -> None:
    run = everything.made("preflight", movies="1.movies", first=2)
    checks = {row["name"]: row for row in rows_of(run, "checks").iter_rows(named=True)}
    assert {"gain", "dose", "pixel size", "Thon rings"} <= set(checks)
    assert checks["dose"]["verdict"] == checks["pixel size"]["verdict"] == "ok", checks
    assert [name for name in checks if checks[name]["verdict"] == "stop"] == []


def test_preflight_stops_where_the_dose_is_misstated(everything: Everything, tiny: TinySession, tmp_path: Path) -> None:
    wrong = tiny.acquisition | {"dose_per_frame": 3 * DOSE_PER_FRAME}
    movies = everything.made("import-movies", **wrong)
    run = everything.made("preflight", movies=movies.outputs["movies"], first=1)
    checks = {row["name"]: row for row in rows_of(run, "checks").iter_rows(named=True)}
    assert checks["dose"]["verdict"] == "stop"
    assert f"{3 * DOSE_PER_FRAME:g}" in checks["dose"]["stated"]


def test_export_writes_star_files_that_another_program_reads(everything: Everything) -> None:
    run = everything.made("export", particles="7.particles", micrographs="5.accepted", ctfs="4.ctfs", movies="1.movies")
    folder = run.folder.files / "star"
    assert {file.name for file in folder.iterdir()} == {"particles.star", "micrographs_ctf.star", "movies.star"}
    particles = gemmi.cif.read(str(folder / "particles.star")).find_block("particles")
    images = [gemmi.cif.as_string(word) for word in particles.find_loop("_rlnImageName")]
    stored = rows_of(everything.runs["extract"], "particles")
    assert images == [f"{row['index'] + 1:06d}@{row['file']}" for row in stored.iter_rows(named=True)]
    for image in images:
        number, _, stack = image.partition("@")
        assert int(number) <= len(mrcfile.read(everything.project.path / stack).reshape(-1, 48, 48))
    accepted = gemmi.cif.read(str(folder / "micrographs_ctf.star")).find_block("micrographs")
    assert len(list(accepted.find_loop("_rlnMicrographName"))) == len(rows_of(everything.runs["curate"], "accepted"))
    movies = gemmi.cif.read(str(folder / "movies.star")).find_block("movies")
    assert len(list(movies.find_loop("_rlnMicrographMovieName"))) == MOVIES


def test_report_is_a_page_of_what_is_connected(everything: Everything, tmp_path: Path) -> None:
    density = np.random.default_rng(1).normal(size=(24, 24, 24)).astype(np.float32)
    mrcfile.write(tmp_path / "density.mrc", density, voxel_size=3.0)
    volume = everything.made("import-volume", file=tmp_path / "density.mrc")
    run = everything.made(
        "report",
        micrographs="5.accepted",
        ctfs="4.ctfs",
        coordinates="6.coordinates",
        particles="7.particles",
        volumes=volume.outputs["volumes"],
        title="All of it",
        exposures=1,
    )
    page = (run.folder.files / "report" / "report.html").read_text(encoding="utf-8")
    assert "All of it" in page
    assert "<h2>Map</h2>" in page
    assert "24 px of 3 Å" in page
    assert page.count("data:image/") >= 2
    assert "</html>" in page


def test_a_corrected_pixel_size_scales_what_follows_from_it(everything: Everything) -> None:
    factor = 1.02
    run = everything.made("correct-acquisition", items="7.particles", pixel_size_factor=factor)
    before, after = rows_of(everything.runs["extract"], "particles").sort("id"), rows_of(run, "items").sort("id")
    assert after["id"].to_list() == before["id"].to_list()
    for name in ("pixel_size", "shift_x", "shift_y"):
        assert np.allclose(after[name], before[name] * factor)
    # χ = π λ Δf k² − …: rings at the same frequencies in 1/px need a defocus that goes with the pixel size squared, but
    # for the spherical aberration, which at 4 Å pixels and 1.5 µm is less than a percent of it.
    assert np.allclose(after["defocus_u"], before["defocus_u"] * factor**2, rtol=0.01)
    assert not np.allclose(after["defocus_u"], before["defocus_u"], rtol=0.01)
    assert after["foil_hole"].to_list() == before["foil_hole"].to_list()
    corrected = run.outputs["items"].latest().optics_groups
    former = everything.runs["extract"].outputs["particles"].latest().optics_groups
    assert {g.voltage for g in corrected.values()} == {g.voltage for g in former.values()}


def test_join_gives_particles_what_was_measured_of_their_micrograph(everything: Everything) -> None:
    run = everything.made(
        "join", items="7.particles", source="4.ctfs", key="micrograph_id", columns=["fit_resolution", "score"]
    )
    fits = {
        row["id"]: (row["fit_resolution"], row["score"])
        for row in rows_of(everything.runs["ctf"], "ctfs").rows(named=True)
    }
    joined = rows_of(run, "items")
    assert len(joined) == len(rows_of(everything.runs["extract"], "particles"))
    for row in joined.iter_rows(named=True):
        assert (row["fit_resolution"], row["score"]) == fits[row["micrograph_id"]]


def test_split_and_combine_undo_each_other(everything: Everything) -> None:
    parts = everything.made("split", items="6.coordinates", seed=3)
    together = everything.made("combine", first=parts.outputs["first"], second=parts.outputs["second"])
    first, second = (set(rows_of(parts, name)["id"]) for name in ("first", "second"))
    whole = rows_of(everything.runs["pick"], "coordinates").sort("id")
    assert not first & second
    assert first | second == set(whole["id"])
    assert abs(len(first) - len(second)) <= 1
    assert rows_of(together, "items").sort("id").select(whole.columns).equals(whole)


def test_edit_computes_a_column_and_changes_another(everything: Everything) -> None:
    run = everything.made(
        "edit", items="4.ctfs", assignments=["astigmatism = defocus_u - defocus_v", "score = score / 2"]
    )
    before, after = rows_of(everything.runs["ctf"], "ctfs"), rows_of(run, "items")
    assert np.allclose(after["astigmatism"], before["defocus_u"] - before["defocus_v"])
    assert np.allclose(after["score"], before["score"] / 2)


def test_group_optics_goes_by_the_shift_of_the_beam(everything: Everything) -> None:
    run = everything.made("group-optics", items="1.movies", groups=2)
    groups = dict(rows_of(run, "items").select("foil_hole", "optics_group").iter_rows())
    assert len({groups[f"{1001 + number}"] for number, shift in enumerate(BEAM_SHIFTS) if shift[0] < 0}) == 1
    assert len(set(groups.values())) == len(set(BEAM_SHIFTS))
