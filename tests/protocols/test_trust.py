"""The trust page: its figures, the worst of which is the headline, and a page that needs nothing but itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import mrcfile
import numpy as np
import polars as pl
import pytest
from phantom_particles import BOX, COUNT, DIAMETER, PIXEL, true_state, write_particles

from cryoloom.engine.orientations import KnownPoses, angular_distance
from cryoloom.engine.refinement import Reach, RefinementSettings
from cryoloom.engine.trust import NoiseControl, PoseAgreement, nested_subsets
from cryoloom.protocols.particle_images import load_particles, read_particle_file
from cryoloom.protocols.refined import refined
from cryoloom.protocols.trust import (
    CrossChecks,
    Finished,
    assess,
    cross_checked,
    second_refinement,
    trust_document,
    trust_page,
    write_trust,
)
from cryoloom.protocols.trust._defocus import particle_defocus

TWINS = COUNT // 5


def finished(star, *, positions: bool) -> Finished:
    """A refinement of particles whose poses are true, of which both halves hold alternate ones."""
    given = read_particle_file(star)
    frame = given.table.frame.with_columns(half_set=1 + pl.int_range(pl.len()) % 2)
    frame = frame.with_columns(micrograph_id=1 + pl.int_range(pl.len(), dtype=pl.UInt64) // 50)
    if not positions:
        frame = frame.drop("x", "y")
    loaded = load_particles(given.table.with_frame(frame), given.resolve, diameter=DIAMETER)
    settings = RefinementSettings()
    state = true_state(loaded, np.zeros((2, 32, 32, 32), np.float32))
    (whole,) = nested_subsets(loaded.images, loaded.half_sets, state, "C1", shares=(1.0,))
    state = true_state(loaded, whole.half_maps)
    return Finished(
        loaded, settings, state, refined(loaded, state, symmetry="C1"), lambda _: star.with_name("micrograph.mrc")
    )


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("honest")
    mrcfile.write(folder / "micrograph.mrc", np.zeros((8, 8), np.float32), voxel_size=1.0)
    return finished(write_particles(folder), positions=True)


@pytest.fixture(scope="module")
def leaky(tmp_path_factory):
    """A fifth of the particles are there twice, once in each half: pictures two pixels apart."""
    folder = tmp_path_factory.mktemp("leaky")
    star = write_particles(folder)
    mrcfile.write(folder / "micrograph.mrc", np.zeros((8, 8), np.float32), voxel_size=1.0)
    images = mrcfile.read(star.with_name("particles.mrcs")).copy()
    given = read_particle_file(star)
    rows = given.table.frame.to_dicts()
    for number in range(TWINS // 2):
        first, second = 2 * number, 2 * number + 1
        images[second] = np.roll(images[first], (0, 2), axis=(0, 1))
        taken = ("x", "y", "rot", "tilt", "psi", "shift_y", "defocus_u", "defocus_v", "defocus_angle")
        rows[second] |= {name: rows[first][name] for name in taken}
        rows[second]["shift_x"] = rows[first]["shift_x"] - 2 * PIXEL
        rows[second]["x"] -= 2 * PIXEL  # of pixels of 1 Å
    with mrcfile.open(star.with_name("particles.mrcs"), "r+") as file:
        file.set_data(images)
    from cryoloom.formats import relion

    relion.write_particles(star, given.table.with_frame(pl.DataFrame(rows, schema=given.table.frame.schema)))
    return star


@pytest.fixture(scope="module")
def trust(honest):
    return assess(honest, threads=2)


def test_figures_of_an_honest_refinement(trust):
    assert trust.counts == (COUNT // 2, COUNT // 2)
    assert trust.resolution is not None
    assert not trust.is_doubtful
    assert trust.headline.resolution == trust.resolution
    assert "0.143" in trust.headline.sentence
    assert not trust.leak.trips
    assert (trust.leak.share, trust.leak.near, len(trust.leak.noise.pairs)) == (0.0, 0, 0)
    assert trust.scaling.counts == (24, 50, 100, 200)
    assert trust.scaling.resolutions[-1] == pytest.approx(trust.resolution, rel=0.02)  # the same images and poses
    assert trust.scaling.resolutions[0] > trust.scaling.resolutions[-1]
    assert trust.scaling.b_factor is not None
    assert trust.micrographs is not None
    assert len(trust.micrographs.names) == 4
    finest, median, coarsest = trust.local
    assert finest <= median <= coarsest
    assert finest >= 2 * PIXEL
    assert trust.views.sampling_compensation > 0.7  # 200 random views
    assert trust.difference_inside is not None


@pytest.mark.parametrize("positions", [True, False])
def test_twins_in_both_halves_trip_the_leak_check(leaky, positions):
    found = assess(finished(leaky, positions=positions), threads=2)
    assert found.leak.trips
    assert found.leak.share == pytest.approx(0.2, abs=0.02)
    assert len(found.leak.noise.pairs) == pytest.approx(TWINS // 2, abs=2)
    assert found.leak.near == (TWINS // 2 if positions else None)
    assert found.leak.resolution_without is not None
    assert found.headline.resolution == max(found.resolution, found.leak.resolution_without)
    assert found.is_doubtful
    assert "twin in the other half" in found.headline.sentence
    page = trust_page(found, "leaky")
    assert "halves are not independent" in page
    assert "Remove duplicates" in page


def test_a_resolution_that_only_the_pixels_bound_is_told_so(trust):
    flat = replace(trust.correlation.corrected, correlation=np.full_like(trust.correlation.corrected.correlation, 0.6))
    bound = replace(trust, resolution=2 * PIXEL, correlation=replace(trust.correlation, corrected=flat))
    assert bound.headline.resolution == 2 * PIXEL
    assert "the finest that its pixels hold" in bound.headline.sentence
    assert "still 0.60 there" in bound.headline.sentence
    assert not bound.is_doubtful
    assert "pixels" not in replace(bound, resolution=2.2 * PIXEL).headline.sentence


def checks(**changed) -> CrossChecks:
    agreement = PoseAgreement(0.9, 1.0, 1.0, 10.0)
    noise = NoiseControl(np.linspace(5, 9, 20), np.linspace(0, 4, 20))
    return replace(CrossChecks(agreement, 1.0, noise), **changed)


def test_the_headline_is_the_worst_figure(trust):
    resolution = trust.resolution
    assert replace(trust, cross_checks=checks()).headline.resolution == resolution
    leak = replace(trust.leak, share=0.2, resolution_without=resolution - 1)
    assert replace(trust, leak=leak).headline.sentence.startswith(f"{resolution:.2f} Å, but 20.0% of the particles")
    assert replace(trust, leak=leak).is_doubtful
    assert replace(trust, leak=replace(leak, resolution_without=None)).headline.resolution is None
    later = replace(trust, cross_checks=checks(second_resolution=resolution + 3))
    assert later.headline.resolution == resolution + 3
    assert f"instead of {resolution:.2f} Å: a second refinement" in later.headline.sentence
    as_far = replace(trust, cross_checks=checks(second_resolution=resolution))
    assert as_far.headline == trust.headline  # that the second one comes as far is no reservation
    astray = replace(trust, cross_checks=checks(agreement=PoseAgreement(0.3, 8.0, 4.0, 33.0)))
    assert astray.headline.resolution == 33.0
    assert "only 30% of the poses" in astray.headline.sentence
    lost = replace(trust, cross_checks=checks(agreement=PoseAgreement(0.1, 60.0, 9.0, None)))
    assert lost.headline.resolution is None
    fooled = replace(trust, cross_checks=checks(noise=NoiseControl(np.zeros(20), np.linspace(-1, 1, 20))))
    assert fooled.headline.resolution is None
    assert "align no better than images of noise that are made of them" in fooled.headline.sentence
    few = NoiseControl(np.where(np.arange(100) % 10 < 3, 8.0, np.linspace(-1, 1, 100)), np.zeros(100))
    mixed = replace(trust, cross_checks=checks(noise=few))
    assert mixed.headline == trust.headline  # the map is of those that align
    assert "Most of the images align no better than noise" in trust_page(mixed, "t")
    nothing = replace(trust, resolution=None, cross_checks=checks())
    assert "no evidence of signal" in nothing.headline.sentence
    unjudged = replace(trust, resolution=None, can_judge=False)
    assert unjudged.headline.resolution is None
    assert "cannot be judged" in unjudged.headline.sentence
    assert "no evidence" not in unjudged.headline.sentence
    assert replace(trust, cross_checks=checks(second_resolution=None)).headline.resolution is None


def test_what_no_resolution_tells_qualifies_the_headline(trust):
    known = trust.headline
    unseen = replace(trust, stands_out=False)
    assert unseen.headline.resolution == known.resolution
    assert unseen.headline.sentence.startswith(f"{known.sentence} But nothing stands out of the noise")
    assert unseen.is_doubtful
    assert "a wide sphere, since nothing stands out" in trust_page(unseen, "t")
    assert not trust_document(unseen)["mask"]["particle_stands_out"]
    different = replace(trust, difference_inside=4.7, solvent=0.3)
    assert "within the mask the half maps differ 4.7 times as much as in the solvent" in different.headline.sentence
    assert different.is_doubtful
    assert not replace(different, solvent=0.01).is_doubtful  # so little solvent tells no noise
    both = replace(different, stands_out=False, cross_checks=checks(second_resolution=known.resolution + 3))
    assert both.headline.resolution == known.resolution + 3
    assert "comes no further" in both.headline.sentence
    assert ", and within the mask" in both.headline.sentence
    assert replace(both, resolution=None).headline.sentence.count("But") == 0


def test_a_refinement_about_poses_is_repeated_from_moved_ones_and_says_so(honest, trust, monkeypatch):
    """It draws nothing at random: the same poses would give the same map, whatever the seed."""
    poses, told = KnownPoses(honest.state.rotations, honest.state.shifts), []
    monkeypatch.setattr("cryoloom.protocols.trust._assess.refine", lambda *_, **more: told.append(more))
    near = replace(honest, poses=poses, sources=np.arange(len(honest.particles)))
    second_refinement(near, honest.state.combined_map)
    second_refinement(honest, honest.state.combined_map)
    (moved, everywhere) = told
    assert everywhere["poses"] is None
    by = near.astray
    assert np.allclose(angular_distance(moved["poses"].rotations, poses.rotations), by.angle, atol=1e-3)
    assert np.allclose(np.hypot(*(moved["poses"].shifts - poses.shifts).T), by.shift)
    assert np.array_equal(moved["sources"], near.sources)
    told_so = replace(trust, cross_checks=checks(astray=Reach(3.25, 2.5), second_resolution=30.0))
    assert "a second refinement from poses moved by 3.2° and 2.5 Å comes no further" in told_so.headline.sentence
    page = trust_page(told_so, "t")
    assert "nothing is said of poses farther away" in page
    assert "another seed" not in page
    assert trust_document(told_so)["cross_checks"]["start_moved_by"] == {"angle": 3.25, "shift": 2.5}


def test_cross_checks_of_a_refinement_that_found_the_truth_twice(honest, trust):
    told = []
    found = cross_checked(honest, honest.state, threads=2, report=lambda share, what: told.append((share, what)))
    assert found.agreement.share == 1.0
    assert found.second_resolution == pytest.approx(trust.resolution)
    assert found.noise.deviations > 4.0  # of 40 pairs, which can give 5.4
    assert found.noise.more_than_noise > 0.7
    assert told[-1] == (1.0, "images of noise")
    assert not replace(trust, cross_checks=found).is_doubtful


def test_a_refinement_of_noise_says_that_there_is_no_evidence_of_signal(honest, tmp_path):
    halves = np.random.default_rng(8).normal(size=(2, BOX, BOX, BOX)).astype(np.float32)
    state = replace(true_state(honest.particles, halves), has_signal=False)
    noise = replace(honest, state=state, result=refined(honest.particles, state, symmetry="C1"))
    found = assess(noise, threads=2)
    assert found.resolution is None
    assert "no evidence of signal" in found.headline.sentence
    assert found.local == (None, None, None)
    write_trust(tmp_path / "trust.html", tmp_path / "trust.json", found, "noise")
    assert json.loads((tmp_path / "trust.json").read_text(encoding="utf-8"))["headline"]["resolution"] is None


class Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.unnamed: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href"}]
        if (tag == "img" and not known.get("alt")) or (tag == "svg" and not known.get("aria-label")):
            self.unnamed.append(tag)
        if tag not in {"meta", "img", "line", "circle", "rect", "polyline"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(trust, tmp_path):
    write_trust(tmp_path / "trust.html", tmp_path / "trust.json", trust, "a <b> & c")
    page = (tmp_path / "trust.html").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert reader.unnamed == []
    assert reader.tags.count("img") == 4
    assert reader.tags.count("svg") == 2
    assert all(address.startswith("data:image/png;base64,") for address in reader.addresses)
    assert "script" not in reader.tags
    assert '<html lang="en">' in page
    assert "a &lt;b&gt; &amp; c" in page
    assert page.count("Not run:") == 1
    assert "The mask is drawn about what stands out of the solvent." in page
    assert "What was estimated before they were refined is not known" in page
    assert [int(level) for level in re.findall(r"<h(\d)", page)] == [1] + [2] * 8
    given = trust_page(replace(trust, mask_is_given=True, mask_remarks=("The mask is too sharp.",)), "t")
    assert "The mask is the one that was given." in given
    assert '<p class="warning">▲ The mask is too sharp.</p>' in given
    full = trust_page(replace(trust, cross_checks=checks()), "t")
    assert "Not run" not in full
    assert "90% of the particles the same pose" in full


def with_columns(table, **columns):
    return table.with_frame(table.frame.with_columns(pl.Series(name, values) for name, values in columns.items()))


def session(table, *, micrographs: int, drift: float, seed: int):
    """The table as of so many micrographs, whose defocus was refined to heights of 150 Å, and drifts."""
    random = np.random.default_rng(seed)
    number = np.arange(len(table.frame)) * micrographs // len(table.frame)
    estimated = 1e4 + 1e3 * random.random(micrographs)[number]
    moved = drift * number / (micrographs - 1) + random.normal(0, 20.0, micrographs)[number]
    height = np.where(np.arange(len(number)) % 2, 150.0, -150.0)
    return with_columns(
        table,
        micrograph_id=(random.permutation(micrographs) + 1).astype(np.uint64)[number],  # no order is in an id
        micrograph_file=[f"mic{one}.mrc" for one in number],
        estimated_defocus=estimated,
        defocus_u=estimated + moved + height + 50,
        defocus_v=estimated + moved + height - 50,
        defocus_error=np.full(len(number), 40.0),
    )


def test_a_drift_of_the_refined_defocus_is_told(honest, trust):
    posed = honest.result.particles
    table = session(posed, micrographs=20, drift=600.0, seed=4)
    found = particle_defocus(table)
    assert found.spread == pytest.approx(150.0)
    assert found.error == 40.0
    assert found.names[:3] == ("mic0.mrc", "mic1.mrc", "mic2.mrc")
    # The line through 20 means that scatter by 20 Å is off by about 20 · √12 / √20 Å over its length.
    assert found.drift.change == pytest.approx(600.0, abs=4 * 15.5)
    assert found.drift.error == pytest.approx(15.5, rel=0.5)
    assert found.drift.is_certain
    assert found.mean_change == pytest.approx(300.0, abs=4 * 20 / np.sqrt(20))
    page = trust_page(replace(trust, defocus=found), "t")
    assert "The defocus drifts against its estimate" in page
    assert f"{found.drift.change:+.0f} ± {found.drift.error:.0f} Å" in page
    told = trust_document(replace(trust, defocus=found))["defocus"]
    assert told["drift"] == {"change": found.drift.change, "error": found.drift.error}
    assert told["changes"][0]["micrograph"] == "mic0.mrc"
    assert not told["as_estimated"]

    still = particle_defocus(session(posed, micrographs=20, drift=0.0, seed=4))
    assert not still.drift.is_certain
    assert "no more than chance" in trust_page(replace(trust, defocus=still), "t")


def test_a_micrograph_whose_defocus_was_estimated_wrongly_stands_out_and_is_no_drift(honest, trust):
    table = session(honest.result.particles, micrographs=20, drift=0.0, seed=5)
    wrong = 2000.0 * (table.frame["micrograph_file"] == "mic19.mrc").to_numpy()
    table = with_columns(table, estimated_defocus=table.frame["estimated_defocus"].to_numpy() - wrong)
    found = particle_defocus(table)
    assert [found.names[place] for place in found.change.outlying] == ["mic19.mrc"]
    assert not found.drift.is_certain
    page = trust_page(replace(trust, defocus=found), "t")
    assert "beyond four standard deviations" in page
    assert "mic19.mrc" in page


def test_where_no_defocus_was_refined_the_page_says_so(honest, trust):
    table = honest.result.particles  # each particle of the simulation has a defocus of its own
    differing = particle_defocus(table)
    assert (differing.change, differing.drift, differing.error) == (None, None, None)
    assert "is not known, so it is not shown" in trust_page(replace(trust, defocus=differing), "t")
    level = 1e4 + 100.0 * table.frame["micrograph_id"].to_numpy()
    same = particle_defocus(with_columns(table, defocus_u=level, defocus_v=level - 300))
    assert same.is_as_estimated
    assert "none was refined" in trust_page(replace(trust, defocus=same), "t")
    assert trust_document(replace(trust, defocus=same))["defocus"]["as_estimated"]
    nowhere = particle_defocus(with_columns(table, micrograph_id=np.zeros(len(level), np.uint64)))
    assert nowhere is None
    assert "not known which particle" in trust_page(replace(trust, defocus=nowhere), "t")


def test_the_json_holds_the_same_figures(trust, tmp_path):
    write_trust(tmp_path / "trust.html", tmp_path / "trust.json", trust, "t")
    told = json.loads((tmp_path / "trust.json").read_text(encoding="utf-8"))
    assert told["headline"] == {"resolution": trust.resolution, "sentence": trust.headline.sentence}
    assert set(told["fsc"]) == {"frequency", "unmasked", "masked", "phase_randomised", "corrected"}
    assert len({len(values) for values in told["fsc"].values()}) == 1
    assert told["particle_scaling"]["counts"] == [24, 50, 100, 200]
    assert told["leak"]["trips"] is False
    assert told["cross_checks"] is None
    assert told["mask"] == {"given": False, "particle_stands_out": True, "remarks": []}
    assert told["micrographs"]["count"] == 4
    # Likelihoods were made to grow from particle to particle, so the first and last micrographs differ from the middle,
    # yet by no more than all micrographs scatter.
    assert told["micrographs"]["outlying_likelihood"] == []
    assert trust_document(replace(trust, cross_checks=checks()))["cross_checks"]["same_poses"] == 0.9
