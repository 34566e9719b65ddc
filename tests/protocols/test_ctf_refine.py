"""CTFs are refined from RELION's files, as a tool and as a run; RELION finds the same and reads the result."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import mrcfile
import numpy as np
import polars as pl
import pytest

from cryoloom.cli.main import main
from cryoloom.engine.ctf_refinement import CTFRefinementSettings, Estimate, GroupFindings
from cryoloom.formats import read_particles, read_star, write_star
from cryoloom.protocols.ctf_refine._compute import _doubts, with_errors
from cryoloom.protocols.trust._defocus import particle_defocus
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState

sys.path.insert(0, str(Path(__file__).parents[1] / "engine" / "ctf_refinement"))

from aberrated_particles import BOX, PIXEL, make_scene, write_scene

TILT = (0.4, -0.6)


@pytest.fixture(scope="module")
def scene():
    return make_scene(micrographs=4, each=40, heights=80.0, beam_tilt=TILT, seed=4)


@pytest.fixture(scope="module")
def wrong(scene):
    """Defocus that is told wrong: the mean of each micrograph by 100 Å, and no heights."""
    u = np.array([one.defocus_u for one in scene.transfers])
    middle = np.bincount(scene.micrograph, u) / 40
    return (middle + np.array([100.0, -100.0, 60.0, -150.0]))[scene.micrograph] - u


@pytest.fixture(scope="module")
def star(scene, wrong, tmp_path_factory):
    return write_scene(tmp_path_factory.mktemp("aberrated"), scene, wrong)


def tool(capsys, *words, expect=0):
    with pytest.raises(SystemExit) as left:
        main(["tool", "ctfrefine", *map(str, words)])
    said = capsys.readouterr()
    assert (left.value.code or 0) == expect, said.err
    return said


def halves_of(star):
    return "--half1", star.with_name("half1.mrc"), "--half2", star.with_name("half2.mrc")


def check(table, scene):
    """The defocus of a table of particles is the truth, within the error that is told."""
    frame = table.frame.sort("index")
    left = frame["defocus_u"].to_numpy() - [one.defocus_u for one in scene.transfers]
    assert np.sqrt((left**2).mean()) < 30.0  # of 130 Å at first
    assert 0.75 < (left / frame["defocus_error"].to_numpy()).std() < 1.3
    (group,) = table.optics_groups.values()
    assert np.abs(np.subtract((group.beam_tilt_x, group.beam_tilt_y), TILT)).max() < 0.06


def test_the_tool_writes_what_it_tells(star, scene, wrong, capsys, tmp_path):
    said = tool(capsys, star, *halves_of(star), "--output", tmp_path / "made", "--threads", 1, "--json")
    told = json.loads(said.out)
    table = read_particles(told["particles"]).table
    check(table, scene)
    assert told["count"] == len(scene.images)
    assert told["resolution"] < 3.3
    (group,) = told["groups"]
    assert group["beam_tilt"]["value"] == pytest.approx(TILT, abs=0.06)
    assert group["beam_tilt"]["disagreement"] < 4.5
    assert group["beam_tilt"]["indistinct"] is None
    assert group["magnification"] is None
    assert group["trefoil"]["value"] == [0.0, 0.0]  # the microscope has none
    assert any(
        re.fullmatch(r"Trefoil of the optics group all: \S+ ± \S+, \S+ ± \S+ rad Å³, not disting.* was; left.", each)
        for each in told["remarks"]
    )
    drift = {each["name"]: each["defocus_change"] for each in told["micrographs"]}
    assert [drift[f"mic{n}.mrc"] for n in range(4)] == pytest.approx([-100.0, 100.0, -60.0, 150.0], abs=35.0)
    assert told["predicted"]["memory"] > 2**28
    assert not any("One map" in remark for remark in told["remarks"])
    before = read_star(star)["particles"]
    after = read_star(told["particles"])["particles"]
    for label in ("rlnAngleRot", "rlnRandomSubset", "rlnMicrographName"):
        assert after[label].to_list() == pytest.approx(before[label].to_list())


def test_a_group_of_too_few_particles_is_told_and_stays(star, capsys, tmp_path):
    tables = read_star(star)
    optics, particles = tables["optics"], tables["particles"]
    few = optics.with_columns(rlnOpticsGroup=pl.lit(2), rlnOpticsGroupName=pl.lit("few"))
    group = pl.Series("rlnOpticsGroup", [2] * 3 + [1] * (len(particles) - 3))
    two = star.with_name("two_groups.star")
    write_star(
        two, {"optics": pl.concat([optics, few.cast(optics.schema)]), "particles": particles.with_columns(group)}
    )
    words = (two, *halves_of(star), "--output", tmp_path / "made", "--magnification")
    told = json.loads(tool(capsys, *words, "--json").out)
    (told_few,) = (one for one in told["groups"] if one["name"] == "few")
    assert told_few["magnification"]["error"] == [None] * 4
    assert told_few["magnification"]["value"] == [1.0, 0.0, 0.0, 1.0]
    assert any("few holds too few particles to tell its magnification" in remark for remark in told["remarks"])
    assert "nothing is known" in tool(capsys, *words, "--overwrite").out


def test_one_map_will_do_and_is_warned_of(star, scene, capsys, tmp_path):
    output = ("--output", tmp_path / "made", "--no-beam-tilt", "--no-trefoil")
    said = tool(capsys, star, "--reference", star.with_name("half1.mrc"), *output, "--finest", 4)
    assert "One map is compared with both half sets" in said.err
    assert "root mean square" in said.out
    all_details = tool(capsys, star, "--reference", star.with_name("half1.mrc"), *output, "--json").out
    assert json.loads(all_details)["resolution"] == pytest.approx(2 * PIXEL, rel=0.05)  # one ring short of the rim


def test_copies_by_symmetry_take_over_what_their_first_tells(star, scene, capsys, tmp_path):
    """They show one image: what is found, and how surely, is the same as without copies."""
    expanded = star.with_name("expanded.star")
    with pytest.raises(SystemExit):
        main(["tool", "expand-symmetry", str(star), "--symmetry", "C3", "--output", str(expanded)])
    capsys.readouterr()
    alone, copies = (
        json.loads(tool(capsys, given, *halves_of(star), "--output", tmp_path / given.stem, "--json").out)
        for given in (star, expanded)
    )
    assert copies["count"] == 3 * alone["count"]
    for same in ("groups", "micrographs", "defocus_error", "defocus_spread"):
        assert copies[same] == alone[same], same
    assert "320 particles are further copies" in " ".join(copies["remarks"])
    before, after = (read_particles(one["particles"]).table.frame.sort("file", "index") for one in (alone, copies))
    for name in ("defocus_u", "defocus_angle", "shift_x", "shift_y"):
        assert after[name].to_numpy() == pytest.approx(np.repeat(before[name].to_numpy(), 3), abs=1e-3)
    turns = after["rot"].to_numpy().reshape(-1, 3)
    assert all(len(np.unique(each.round(1))) == 3 for each in turns)  # each copy has kept its own pose


def test_bad_input_is_refused_with_a_sentence(star, scene, capsys, tmp_path):
    output = ("--output", tmp_path / "made")
    assert "Give the map" in tool(capsys, star, *output, expect=1).err
    assert "both half maps" in tool(capsys, star, *halves_of(star)[:2], *output, expect=1).err
    text = star.read_text()
    bare = star.with_name("no_poses.star")
    bare.write_text(re.sub("_rlnAngleTilt", "_myAngle", text))
    assert "no orientation" in tool(capsys, bare, *halves_of(star), *output, expect=1).err
    bare.write_text(re.sub("_rlnDefocusU", "_myDefocus", text))
    assert "no CTF" in tool(capsys, bare, *halves_of(star), *output, expect=1).err
    bare.write_text(re.sub("_rlnRandomSubset", "_mySubset", text))
    assert "half set" in tool(capsys, bare, *halves_of(star), *output, expect=1).err
    bare.write_text(re.sub("_rlnMicrographName", "_myName", text))
    words = ("--reference", star.with_name("half1.mrc"), "--astigmatism", *output)
    assert "micrographs" in tool(capsys, bare, *words, expect=1).err
    bare.unlink()
    words = ("--no-defocus", "--no-beam-tilt", "--no-trefoil", "--reference", star.with_name("half1.mrc"), *output)
    assert "Nothing is to be refined" in tool(capsys, star, *words, expect=1).err


def test_a_run_refines_and_tells_what_was_off(star, scene, make_project):
    project = make_project()
    halves = {"half1": star.with_name("half1.mrc"), "half2": star.with_name("half2.mrc")}
    runs = [
        project.add("import-particles", file=star),
        project.add("import-volume", file=star.with_name("half1.mrc"), **halves),
    ]
    project.drive(*runs)
    run = project.add("ctf-refine", particles="1.particles", reference="2.volumes", astigmatism=True, threads=1)
    expected = predicted(run)
    assert expected is not None
    assert 0.05 < expected.seconds < 60.0
    (end,) = project.drive(run)
    assert end.state is RunState.FINISHED, end.reason
    assert "off by" in end.reason
    check(run.outputs["particles"].latest().table(), scene)
    (group,) = run.outputs["particles"].latest().table().optics_groups.values()
    assert not any(group.odd_zernike)  # the microscope has no trefoil
    drifted = particle_defocus(run.outputs["particles"].latest().table())
    assert dict(zip(drifted.names, drifted.change.means, strict=True)) == pytest.approx(
        {"mic0.mrc": -100.0, "mic1.mrc": 100.0, "mic2.mrc": -60.0, "mic3.mrc": 150.0}, abs=35.0
    )
    changes = run.outputs["changes"].to_polars().sort("micrograph_file")
    assert changes["defocus_change"].to_list() == pytest.approx([-100.0, 100.0, -60.0, 150.0], abs=35.0)
    assert changes["astigmatism_change"].to_numpy().max() < 60.0  # nothing was wrong with it
    assert "beam tilt" in run.methods().text
    assert any("42166" in str(citation) for citation in run.methods().citations)


def test_halves_that_disagree_about_the_magnification_are_warned_of():
    found = SimpleNamespace(
        at_limit=0, groups=[GroupFindings(100, magnification=Estimate((1.01, 0.0, 0.0, 0.99), (1e-3,) * 4, 6.4))]
    )
    (doubt,) = _doubts(found, ["fine"], CTFRefinementSettings(magnification=True))
    assert "disagree about the magnification of the optics group fine by 6 standard errors" in doubt


def test_numbers_are_told_as_far_as_they_are_known():
    assert with_errors((0.07483, -16.72, 1.00012, 1.0), (0.8134, 26.4, 3.17e-4, None)) == (
        "0.07 ± 0.81, -17 ± 26, 1.00012 ± 0.00032, 1 (nothing is known)"
    )


needs_relion = pytest.mark.skipif(shutil.which("relion_ctf_refine") is None, reason="needs RELION")


class Relion:
    """RELION's refinement of CTFs; half maps are believed as far as they go."""

    def __init__(self, folder):
        self.folder = folder
        curve = "".join(f"{n} {n / (BOX * PIXEL):.6f} 1.0\n" for n in range(BOX // 2 + 1))
        (folder / "fsc.star").write_text(
            "data_fsc\n\nloop_\n_rlnSpectralIndex\n_rlnResolution\n_rlnFourierShellCorrelationCorrected\n" + curve
        )
        mrcfile.write(folder / "mask.mrc", np.ones((BOX,) * 3, np.float32), voxel_size=PIXEL, overwrite=True)

    def refine(self, star, fits):
        """The file of particles that it makes of another."""
        made = self.folder / f"relion{len(list(self.folder.glob('relion*'))) + 1}"
        made.mkdir()
        maps = "--m1 half1.mrc --m2 half2.mrc --mask mask.mrc --f fsc.star"
        command = f"relion_ctf_refine --i {star.relative_to(self.folder)} --o {made.name}/ {maps} {fits}"
        subprocess.run(command.split(), cwd=self.folder, check=True, capture_output=True)
        return made / "particles_ctf_refine.star"


@needs_relion
def test_relion_finds_the_same(star, scene, wrong, capsys, tmp_path):
    fits = "--fit_defocus --fit_mode fpfff --fit_beamtilt --kmin_tilt 30"
    theirs = read_particles(Relion(star.parent).refine(star, fits)).table
    words = ("--output", tmp_path / "made", "--no-trefoil", "--json")
    ours = read_particles(json.loads(tool(capsys, star, *halves_of(star), *words).out)["particles"]).table
    truth = np.array([one.defocus_u for one in scene.transfers])
    left = {}
    for name, table in (("ours", ours), ("theirs", theirs)):
        left[name] = table.frame.sort("index")["defocus_u"].to_numpy() - truth
        (group,) = table.optics_groups.values()
        assert np.abs(np.subtract((group.beam_tilt_x, group.beam_tilt_y), TILT)).max() < 0.06, name
    scatter = {name: float(np.sqrt((values**2).mean())) for name, values in left.items()}
    assert scatter["ours"] < 1.1 * scatter["theirs"]
    assert np.sqrt(((left["ours"] - left["theirs"]) ** 2).mean()) < 40.0


# Both see the same noise, so they lie nearer each other than either need lie to the truth; signs, axes and the order of
# coefficients, if taken otherwise, are tens of standard errors.
SAME = 4.0  # standard errors


def ours_of_group(star, capsys, folder, *words):
    """What is found of the only optics group, of which nothing but that is refined."""
    nothing = ("--no-defocus", "--no-beam-tilt", "--no-trefoil", "--output", folder / "made", "--json")
    (group,) = json.loads(tool(capsys, star, *halves_of(star), *nothing, *words).out)["groups"]
    return group


def only_group(star):
    (group,) = read_particles(star).table.optics_groups.values()
    return group


def in_errors(estimate, theirs):
    return np.abs(np.subtract(estimate["value"], theirs) / estimate["error"])


@needs_relion
def test_relion_finds_the_same_tilt_and_trefoil(capsys, tmp_path):
    scene = make_scene(each=40, beam_tilt=(0.5, -0.8), threefold_astigmatism=9000.0, threefold_angle=20.0)
    star = write_scene(tmp_path, scene)
    ours = ours_of_group(star, capsys, tmp_path, "--beam-tilt", "--trefoil")
    theirs = only_group(Relion(tmp_path).refine(star, "--fit_beamtilt --odd_aberr_max_n 3 --kmin_tilt 30"))
    assert in_errors(ours["beam_tilt"], (theirs.beam_tilt_x, theirs.beam_tilt_y)).max() < SAME
    assert in_errors(ours["trefoil"], (theirs.odd_zernike[2], theirs.odd_zernike[5])).max() < SAME
    assert in_errors(ours["trefoil"], (0.0, 0.0)).min() > 2 * SAME


@needs_relion
def test_relion_finds_the_same_fourth_order(capsys, tmp_path):
    """Both kinds of tetrafoil, and twofold astigmatism of the fourth order: a radian at the finest details."""

    def even(x, y):
        fourfold = 60.0 * (x**4 - 6 * x**2 * y**2 + y**4) - 40.0 * (4 * x**3 * y - 4 * x * y**3)
        return fourfold + 60.0 * (x**2 + y**2) * (x**2 - y**2)

    star = write_scene(tmp_path, make_scene(each=40, even=even))
    ours = ours_of_group(star, capsys, tmp_path, "--fourth-order")
    theirs = only_group(Relion(tmp_path).refine(star, "--fit_aberr --even_aberr_max_n 4 --kmin_aberr 30"))
    assert in_errors(ours["fourth_order"], theirs.even_zernike).max() < SAME
    assert in_errors(ours["fourth_order"], np.zeros(9))[[4, 7, 8]].min() > 2 * SAME


@needs_relion
def test_relion_finds_the_same_magnification(capsys, tmp_path):
    """RELION takes one step towards it each time; after the third, it stands still."""
    star = write_scene(tmp_path, make_scene(each=40, magnification=np.array([[1.010, 0.004], [-0.002, 0.994]])))
    ours = ours_of_group(star, capsys, tmp_path, "--magnification")
    relion, theirs = Relion(tmp_path), star
    for _ in range(3):
        theirs = relion.refine(theirs, "--fit_aniso --kmin_mag 30")
    a, b, c, d = only_group(theirs).magnification_matrix
    half = 0.5 * (a - d)  # RELION lets the scale of all particles, and so the map's pixels, change with it; we do not
    assert in_errors(ours["magnification"], (1 + half, b, c, 1 - half)).max() < SAME
    (_, shear, other, _) = ours["magnification"]["value"]
    assert abs(shear - other) > 2 * SAME * max(ours["magnification"]["error"])  # so rows are told from columns
