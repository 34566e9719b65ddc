"""What was wrong with the optics of simulated particles is found, within the errors that are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cryoloom.engine.ctf_refinement import CTFRefinementSettings, Reference, reference_of_halves, refine_ctf
from cryoloom.engine.ctf_refinement._magnification import defocus_parts, with_defocus, with_magnifications
from cryoloom.engine.kernels import shift_factors
from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.optics import GroupOptics, ParticleOptics
from cryoloom.engine.reconstruction import FourierSums
from cryoloom.errors import InputError, ParameterError

from .aberrated_particles import BOX, MICROSCOPE, PIXEL, contrast, make_scene, volume

PLAIN = GroupOptics(300.0, 2.7, 0.1)
NOTHING = dict.fromkeys(("defocus", "astigmatism", "beam_tilt", "trefoil"), False)


def told(scene, *groups, defocus=0.0, along=0.0, across=0.0, distortion=None):
    """Optics that are wrong by so much, in Å."""
    count = len(scene.images)
    columns = (np.array([getattr(one, f"defocus_{name}") for one in scene.transfers]) for name in ("u", "v", "angle"))
    groups = groups or (PLAIN,)
    optics = ParticleOptics(groups, np.arange(count) % len(groups), *columns, np.zeros(count))
    parts = defocus_parts(optics)
    if distortion is not None:  # the rings are where they are seen, in the image
        mean, one, other = parts
        forms = np.stack([mean + one, other, other, mean - one], axis=-1).reshape(-1, 2, 2)
        (a, b), (_, d) = (distortion.T @ forms @ distortion).transpose(1, 2, 0)
        parts = 0.5 * (a + d), 0.5 * (a - d), b
    return with_defocus(optics, *(part + wrong for part, wrong in zip(parts, (defocus, along, across), strict=True)))


def refined(scene, optics, *, threads=1, reference=None, micrograph=None, **settings):
    images = ParticleImages(scene.images, optics, PIXEL, BOX * PIXEL)
    return refine_ctf(
        images,
        scene.rotations,
        scene.shifts,
        scene.half_sets,
        scene.micrograph if micrograph is None else micrograph,
        reference or Reference((volume(),)),
        CTFRefinementSettings(**{**NOTHING, **settings}),
        threads=threads,
    )


def test_contrast_of_the_scene_is_that_of_the_simulated_microscope():
    """The scene evaluates frequencies off the grid; on it, the microscope's own code says the same."""
    own = replace(MICROSCOPE, beam_tilt=(0.4, -0.7), threefold_astigmatism=900.0, threefold_angle=20.0)
    ky, kx = np.fft.fftfreq(BOX, PIXEL), np.fft.rfftfreq(BOX, PIXEL)
    grid = np.stack(np.meshgrid(kx, ky), axis=-1)
    expected = own.evaluate(ky, kx) * np.exp(1j * own.odd_aberration(ky, kx))
    assert np.abs(contrast(own, grid, None) - expected).max() < 2e-3  # its wavelength is from newer constants


@pytest.fixture(scope="module")
def uneven():
    """Six micrographs of 40 particles in 100 Å of ice (standard deviation), whose defoci are told 150 Å wrong."""
    scene = make_scene(each=40, heights=100.0)
    u = np.array([one.defocus_u for one in scene.transfers])
    middle = np.bincount(scene.micrograph, u) / 40
    wrong = np.random.default_rng(3).normal(0, 150.0, 6)
    return scene, wrong[scene.micrograph] + middle[scene.micrograph] - u, wrong


def test_defocus_of_every_particle_is_found(uneven):
    scene, wrong, of_micrograph = uneven
    found = refined(scene, told(scene, defocus=wrong), defocus=True)
    left = found.change + wrong
    assert np.sqrt((left**2).mean()) < 25.0  # of 180 Å at first; a phase of 0.25 rad at 3 Å is 13 Å
    assert 0.8 < (left / found.error).std() < 1.25  # 240 particles tell a standard deviation to 5 %
    assert found.spread == pytest.approx(100.0, rel=0.2)
    assert found.at_limit == 0
    assert np.abs(found.micrographs.change + of_micrograph).max() < 4 * found.micrographs.error.max()
    assert found.micrographs.spread == pytest.approx(np.full(6, 100.0), rel=0.4)  # of 40 particles each


def test_particles_that_tell_little_go_by_their_neighbours(uneven):
    """Noise of 24 times the signal: particles of one defocus are found nearer it together than each alone."""
    scene = make_scene(each=40, noise=24.0, seed=5)
    wrong = np.array([150.0, -100.0, 60.0, -200.0, 0.0, 120.0])[scene.micrograph]
    optics = told(scene, defocus=wrong)
    together = refined(scene, optics, defocus=True)
    alone = refined(scene, optics, defocus=True, micrograph=np.arange(len(wrong)))
    scatter = [np.sqrt(((one.change + wrong) ** 2).mean()) for one in (together, alone)]
    assert scatter[0] < 0.5 * scatter[1]
    assert together.spread < 100.0


def test_results_do_not_depend_on_threads(uneven):
    scene, wrong, _ = uneven
    optics = told(scene, defocus=wrong)
    one, two = (refined(scene, optics, defocus=True, beam_tilt=True, threads=threads) for threads in (1, 2))
    assert np.array_equal(one.change, two.change)
    assert one.groups == two.groups


def test_astigmatism_of_each_micrograph_is_found():
    scene = make_scene(each=30)
    random = np.random.default_rng(7)
    wrong = random.normal(0, 80.0, (3, 6))
    mean, along, across = wrong[:, scene.micrograph]
    found = refined(scene, told(scene, defocus=mean, along=along, across=across), astigmatism=True)
    assert np.abs(found.micrographs.astigmatism + wrong[1:].T).max() < 20.0  # Å; a quarter of what was wrong
    assert np.abs(found.micrographs.change + wrong[0]).max() < 20.0
    truth = np.array([one.defocus_u for one in scene.transfers])
    assert np.abs(found.optics.defocus_u - truth).max() < 40.0


@pytest.fixture(scope="module")
def tilted():
    return make_scene(each=40, beam_tilt=(0.5, -0.8), threefold_astigmatism=9000.0, threefold_angle=20.0)


def test_beam_tilt_and_trefoil_are_those_of_the_microscope(tilted):
    optics = told(tilted)
    shifted = 0.3, -0.5  # Å that poses have taken for a part of the coma
    tilted.shifts += shifted
    found = refined(tilted, optics, beam_tilt=True, trefoil=True)
    tilted.shifts -= shifted
    (group,) = found.groups
    assert np.abs(np.subtract(group.beam_tilt.value, (0.5, -0.8))).max() < 4 * max(group.beam_tilt.error)
    assert max(group.beam_tilt.error) < 0.03
    _, _, sine, _, _, cosine = tilted.transfers[0].odd_zernike
    assert np.abs(np.subtract(group.trefoil.value, (sine, cosine))).max() < 4 * max(group.trefoil.error)
    assert max(group.trefoil.error) < 0.2 * np.hypot(sine, cosine)
    assert found.optics.groups[0].beam_tilt == group.beam_tilt.value
    assert found.optics.groups[0].odd_zernike[2::3] == group.trefoil.value
    assert np.abs((found.shifts - tilted.shifts).mean(axis=0)).max() < 0.03
    assert np.array_equal(found.optics.defocus_u, optics.defocus_u)


def test_what_is_known_of_a_group_is_improved_not_replaced(tilted):
    _, _, sine, _, _, cosine = tilted.transfers[0].odd_zernike
    known = GroupOptics(300.0, 2.7, 0.1, beam_tilt=(0.3, -0.6), odd_zernike=(0.0, 0.0, sine, 0.0, 0.0, cosine))
    (group,) = refined(tilted, told(tilted, known), beam_tilt=True).groups
    assert np.abs(np.subtract(group.beam_tilt.value, (0.5, -0.8))).max() < 4 * max(group.beam_tilt.error)
    assert group.trefoil is None


def test_groups_are_told_apart_and_halves_agree(tilted):
    """All particles were made with one tilt; in two groups each must find it, and its half sets agree."""
    halves = Reference((volume(), volume()))
    found = refined(tilted, told(tilted, PLAIN, GroupOptics(300.0, 2.7, 0.1)), beam_tilt=True, trefoil=True)
    assert [group.particles for group in found.groups] == [120, 120]
    for group in found.groups:
        assert np.abs(np.subtract(group.beam_tilt.value, (0.5, -0.8))).max() < 4 * max(group.beam_tilt.error)
    (group,) = refined(tilted, told(tilted), beam_tilt=True, trefoil=True, reference=halves).groups
    assert group.beam_tilt.disagreement < 4.5  # four differences in standard errors


def test_what_cannot_be_told_from_what_was_there_stays():
    """Nothing is wrong with the tilt but by what the noise pretends; the trefoil is there, and is found without it."""
    scene = make_scene(each=20, noise=4.0, threefold_astigmatism=9000.0, threefold_angle=20.0, seed=6)
    known = GroupOptics(300.0, 2.7, 0.1, beam_tilt=(0.01, -0.02), magnification=(1.0, 0.0, 0.0, 1.0))
    optics = told(scene, known)
    looked_for = dict.fromkeys(("beam_tilt", "trefoil", "fourth_order", "magnification"), True)
    found = refined(scene, optics, **looked_for)
    (group,) = found.groups
    for name, value in (("beam_tilt", (0.01, -0.02)), ("fourth_order", (0.0,) * 9), ("magnification", (1, 0, 0, 1))):
        estimate = getattr(group, name)
        assert estimate.value == value
        assert estimate.indistinct != value
        assert 0 < (np.abs(np.subtract(estimate.indistinct, value)) / estimate.error).max() <= 3.0
    assert np.array_equal(found.optics.defocus_u, optics.defocus_u)
    (made,) = found.optics.groups
    assert (made.beam_tilt, made.even_zernike, made.magnification) == ((0.01, -0.02), (), known.magnification)
    _, _, sine, _, _, cosine = scene.transfers[0].odd_zernike
    assert group.trefoil.indistinct is None
    assert np.abs(np.subtract(group.trefoil.value, (sine, cosine)) / group.trefoil.error).max() < 3.5
    assert made.odd_zernike[2::3] == group.trefoil.value


def test_images_are_not_shifted_where_nothing_is_found():
    scene = make_scene(each=20, noise=4.0, seed=6)
    found = refined(scene, told(scene), beam_tilt=True, trefoil=True)
    (group,) = found.groups
    assert group.beam_tilt.value == group.trefoil.value == (0.0, 0.0)
    assert np.array_equal(found.shifts, scene.shifts)


def test_the_mean_scale_stays_when_a_group_is_put_back():
    """Of three groups, one is left as it was; what scale the others had taken on for its sake is theirs no more."""
    scene = make_scene(micrographs=1, each=6)
    optics = told(scene, PLAIN, GroupOptics(300.0, 2.8, 0.1), GroupOptics(300.0, 2.6, 0.1))
    wanted = [np.eye(2), np.array([[1.01, 0.002], [0.0, 0.99]]) * 1.004, np.eye(2) * 0.998]
    made = with_magnifications(optics, wanted, optics.groups, [2, 2, 2])
    first, second, third = (group.magnification_matrix for group in made.groups)
    assert np.array_equal(first, np.eye(2))
    assert 0.5 * np.trace(second) + 0.5 * np.trace(third) == pytest.approx(2.0)
    assert 0.5 * np.trace(second) - 0.5 * np.trace(third) == pytest.approx(0.006, rel=0.01)
    same = optics.group == 0
    assert np.array_equal(made.defocus_u[same], optics.defocus_u[same])
    assert (made.defocus_u != optics.defocus_u)[~same].all()


def test_fourth_order_is_found():
    """Tetrafoil and a spherical aberration that is stated wrong, in RELION's polynomials."""
    size = 60.0

    def even(kx, ky):
        return size * (kx**4 - 6 * kx**2 * ky**2 + ky**4)

    scene = make_scene(each=40, even=even)
    (group,) = refined(scene, told(scene), fourth_order=True).groups
    expected = np.array([0, 0, 0, 0, 0, 0, 0, 0, size])
    assert np.abs((group.fourth_order.value - expected) / group.fourth_order.error).max() < 4.0
    assert group.fourth_order.error[8] < 0.2 * size


def test_magnification_is_found_and_rings_stay():
    truth = np.array([[1.010, 0.004], [-0.002, 0.994]])
    scene = make_scene(each=40, magnification=truth)
    found = refined(scene, told(scene, distortion=truth), magnification=True)
    (group,) = found.groups
    expected = (truth - np.eye(2) * 0.002).ravel()  # the mean scale stays
    off = (np.array(group.magnification.value) - expected) / group.magnification.error
    assert np.abs(off).max() < 4.0
    assert max(group.magnification.error) < 1e-3
    expected = told(scene, distortion=np.eye(2) * 1.002)
    assert np.abs(found.optics.defocus_u - expected.defocus_u).max() < 30.0  # of up to 200 Å between both frames


def test_groups_keep_their_mean_scale_and_find_their_own():
    """Two thirds of the particles are 0.5 % larger than the map says, one third 1 % smaller."""
    scales, parts = (1.005, 0.990), (4, 2)
    scenes = [
        make_scene(each=40, micrographs=count, seed=seed, magnification=scale * np.eye(2))
        for seed, (scale, count) in enumerate(zip(scales, parts, strict=True), 1)
    ]
    optics = [told(one, distortion=scale * np.eye(2)) for one, scale in zip(scenes, scales, strict=True)]
    names = ("defocus_u", "defocus_v", "defocus_angle", "phase_shift")
    columns = [np.concatenate([getattr(one, name) for one in optics]) for name in names]
    together = ParticleOptics((PLAIN, GroupOptics(300.0, 2.7, 0.1)), np.repeat([0, 1], [160, 80]), *columns)
    arrays = {name: np.concatenate([getattr(one, name) for one in scenes]) for name in ("images", "angles", "shifts")}
    scene = replace(scenes[0], **arrays, half_sets=1 + np.arange(240) % 2, micrograph=np.repeat(np.arange(6), 40))
    found = refined(scene, together, magnification=True)
    for group, scale in zip(found.groups, scales, strict=True):
        off = np.subtract(group.magnification.value, (scale, 0.0, 0.0, scale)) / group.magnification.error
        assert np.abs(off).max() < 4.0
        assert max(group.magnification.error) < 1e-3


def test_halves_are_weighed_by_their_agreement_and_compared_apart():
    random = np.random.default_rng(2)
    truth = volume()
    first, second = (truth + random.normal(0, 0.02, truth.shape).astype(np.float32) for _ in range(2))
    reference = reference_of_halves(first, second, pixel_size=PIXEL, copies=1)
    assert reference.resolution is not None
    for raw, weighed in zip((first, second), reference.maps, strict=True):
        before, after = (np.corrcoef(each.ravel(), truth.ravel())[0, 1] for each in (raw, weighed))
        assert after > before + 0.05
    with pytest.raises(InputError, match="nothing in common"):
        reference_of_halves(
            random.normal(size=truth.shape), random.normal(size=truth.shape), pixel_size=PIXEL, copies=1
        )


def made_of(scene, optics):
    """Half maps of the particles themselves, as a refinement with these optics leaves them."""
    images = ParticleImages(scene.images, optics, PIXEL, BOX * PIXEL)
    halves = []
    for half in (1, 2):
        chosen, sums = np.flatnonzero(scene.half_sets == half), FourierSums(BOX // 2)
        seen = images.observe(chosen, BOX // 2, NoiseSpectrum(np.ones(BOX)))
        centring = shift_factors(seen.frequencies, scene.shifts[chosen] / PIXEL, BOX)
        values = seen.whole * centring * seen.transfer
        sums.insert(values, seen.transfer**2, scene.rotations[chosen], seen.frequencies)
        halves.append(sums.map(BOX))
    return reference_of_halves(*halves, pixel_size=PIXEL, copies=1, mask=soft_sphere(BOX, 18.0, 4.0))


def test_particles_are_taken_out_of_the_map_that_they_made():
    """Maps of 100 noisy particles with wrong CTFs hold each of them, which would speak for what is wrong with it."""
    scene = make_scene(micrographs=4, each=50, noise=5.0, seed=8)
    wrong = np.random.default_rng(4).normal(0, 100.0, 200)
    optics = told(scene, defocus=wrong)
    reference = made_of(scene, optics)
    alone = np.arange(200)  # with no neighbour's help
    found = refined(scene, optics, defocus=True, reference=reference, micrograph=alone)
    biased = refined(scene, optics, defocus=True, reference=replace(reference, noise_share=None), micrograph=alone)
    slopes = [-np.polyfit(wrong, one.change, 1)[0] for one in (found, biased)]
    assert slopes[0] > 0.8
    assert slopes[0] > slopes[1] + 0.05


# Of up to nine numbers that are found at once, one lies beyond three and a half of its standard errors in 200 tests.
WITHIN = 3.5


@pytest.mark.parametrize("seed", [1, 3])
def test_no_distortion_is_found_in_maps_of_the_same_particles(seed):
    scene = make_scene(micrographs=4, each=50, noise=10.0, seed=seed)
    optics = told(scene)
    found = refined(scene, optics, magnification=True, reference=made_of(scene, optics))
    (estimate,) = (group.magnification for group in found.groups)
    off = np.subtract(estimate.indistinct, (1.0, 0.0, 0.0, 1.0))
    assert estimate.value == (1.0, 0.0, 0.0, 1.0)
    assert np.abs(off / estimate.error).max() < WITHIN
    assert np.abs(off).max() < 0.015  # a third of a Fourier pixel at 4.7 Å, where these maps end
    assert off[0] == pytest.approx(-off[3], abs=1e-3)  # the scale is the map's own
    assert estimate.disagreement < 4.0


@pytest.mark.parametrize(("noise", "each"), [(5.0, 50), (10.0, 100)])
def test_distortion_is_found_in_maps_of_the_same_particles(noise, each):
    """The maps have been made as if there were none."""
    truth = np.array([[1.010, 0.004], [-0.002, 0.994]])
    scene = make_scene(micrographs=4, each=each, noise=noise, seed=8, magnification=truth)
    optics = told(scene, distortion=truth)
    (group,) = refined(scene, optics, magnification=True, reference=made_of(scene, optics)).groups
    expected = (truth - np.eye(2) * 0.002).ravel()  # less the scale, which those maps have taken on
    assert np.abs(np.subtract(group.magnification.value, expected) / group.magnification.error).max() < WITHIN
    assert max(group.magnification.error) < 0.006


def test_astigmatism_is_found_in_maps_of_the_same_particles():
    scene = make_scene(micrographs=4, each=50, noise=5.0, seed=1)
    wrong = np.random.default_rng(8).normal(0, 80.0, (3, 4))[1:]
    along, across = wrong[:, scene.micrograph]
    optics = told(scene, along=along, across=across)
    found = refined(scene, optics, astigmatism=True, reference=made_of(scene, optics)).micrographs
    left = found.astigmatism + wrong.T
    assert np.sqrt((left**2).mean()) < 20.0  # Å; of six such sets, between 7 and 14 Å are left


@pytest.mark.parametrize("seed", [3, 4])
def test_tilt_and_trefoil_are_found_in_maps_of_the_same_particles(seed):
    tilt = 0.5, -0.8
    blurred = {"beam_tilt": tilt, "threefold_astigmatism": 9000.0, "threefold_angle": 20.0}
    scene = make_scene(micrographs=4, each=50, noise=5.0, seed=seed, **blurred)
    optics = told(scene)
    (group,) = refined(scene, optics, beam_tilt=True, trefoil=True, reference=made_of(scene, optics)).groups
    _, _, sine, _, _, cosine = scene.transfers[0].odd_zernike
    assert np.abs(np.subtract(group.beam_tilt.value, tilt) / group.beam_tilt.error).max() < WITHIN
    assert np.abs(np.subtract(group.trefoil.value, (sine, cosine)) / group.trefoil.error).max() < WITHIN
    assert max(group.beam_tilt.error) < 0.15


def test_fourth_order_is_found_in_maps_of_the_same_particles():
    def even(kx, ky):
        return 60.0 * (kx**4 - 6 * kx**2 * ky**2 + ky**4)

    scene = make_scene(micrographs=4, each=50, noise=5.0, seed=3, even=even)
    optics = told(scene)
    (group,) = refined(scene, optics, fourth_order=True, reference=made_of(scene, optics)).groups
    off = np.subtract(group.fourth_order.value, [0, 0, 0, 0, 0, 0, 0, 0, 60.0])
    assert np.abs(off / group.fourth_order.error).max() < WITHIN
    assert group.fourth_order.error[8] < 15.0


def test_a_half_set_sees_nothing_of_the_other_half(uneven):
    scene, wrong, _ = uneven
    optics = told(scene, defocus=wrong)
    alone = np.arange(len(wrong))  # nor of its neighbours
    other = volume()[::-1].copy()
    both = refined(scene, optics, defocus=True, reference=Reference((volume(), volume())), micrograph=alone)
    one = refined(scene, optics, defocus=True, reference=Reference((volume(), other)), micrograph=alone)
    first = scene.half_sets == 1
    assert np.abs(both.change - one.change)[first].max() < 20.0  # all that is shared is whether a second round follows


def test_what_cannot_be_told_is_refused(uneven):
    scene, _, _ = uneven
    optics = told(scene)
    with pytest.raises(InputError, match="do not resemble"):
        refined(scene, optics, defocus=True, reference=Reference((-volume(),)))
    with pytest.raises(InputError, match="nothing to compare"):
        refined(scene, optics, defocus=True, coarsest=2.0)
    with pytest.raises(InputError, match="no coma"):
        refined(scene, told(scene, GroupOptics(300.0, 0.0, 0.1)), beam_tilt=True)
    with pytest.raises(ParameterError, match="Nothing is to be refined"):
        CTFRefinementSettings(**NOTHING)
    with pytest.raises(ParameterError, match="coarsest comes first"):
        CTFRefinementSettings(finest=40.0)
