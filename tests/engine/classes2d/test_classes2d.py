"""Images of a few views are sorted by view, averages look like the projections, and poses are those of the images."""

from dataclasses import replace

import numpy as np
import pytest
from phantoms import uneven

from cryoloom.engine.classes2d import (
    Classes2DSettings,
    assess_classes,
    classify2d,
    match_averages,
    predicted_memory,
    predicted_seconds,
)
from cryoloom.engine.classes2d._assessment import last_ring, parting
from cryoloom.engine.classes2d._averages import averages_of
from cryoloom.engine.classes2d._moves import empty_classes, least_missed, off_centre
from cryoloom.engine.classes2d._planes import images_of, planes_of
from cryoloom.engine.likelihood import ParticleImages
from cryoloom.engine.optics import ContrastTransfer, ParticleOptics, transfer_image
from cryoloom.engine.projection import project_volume
from cryoloom.errors import ParameterError

BOX, PIXEL, DIAMETER, COUNT = 32, 6.0, 130.0, 240
VIEWS = np.array([[0.0, 90.0], [50.0, 20.0], [200.0, 110.0]])
SETTINGS = Classes2DSettings(
    classes=3, mini_batches=8, images_per_class=30, full_passes=3, final_resolution=16.0, shift_radius=18.0, seed=2
)


@pytest.fixture(scope="module")
def phantom():
    """Blobs of unequal weight without symmetry, within the diameter."""
    return uneven(np.random.default_rng(5), (5.0, 3.5, 2.0))


@pytest.fixture(scope="module")
def truth():
    """View, turn and RELION's shift in Å of every image."""
    random = np.random.default_rng(6)
    return random.integers(0, len(VIEWS), COUNT), random.uniform(0, 360, COUNT), random.normal(0, 5, size=(COUNT, 2))


@pytest.fixture(scope="module")
def particles(phantom, truth):
    view, turn, shift = truth
    random = np.random.default_rng(7)
    transfers = [ContrastTransfer(300.0, 2.7, 0.1, d, d - 300, 30.0) for d in random.uniform(1e4, 2.5e4, COUNT)]
    ctfs = np.stack([transfer_image((BOX, BOX), PIXEL, transfer) for transfer in transfers])
    images = project_volume(phantom, np.column_stack([VIEWS[view], turn]), shift, ctfs, pixel_size=PIXEL)
    images += random.normal(0, 1.5 * images.std(), images.shape)
    return ParticleImages(images.astype(np.float32), ParticleOptics.of(transfers), PIXEL, DIAMETER)


@pytest.fixture(scope="module")
def states(particles):
    return list(classify2d(particles, SETTINGS, threads=2))


def test_classes_are_the_views(states, truth):
    last = states[-1]
    counts = np.zeros((3, 3), int)
    np.add.at(counts, (last.poses.classes, truth[0]), 1)
    assert counts.max(axis=1).sum() > 0.95 * COUNT
    assert set(counts.argmax(axis=1)) == {0, 1, 2}
    assert last.occupancy.sum() == pytest.approx(1.0, abs=1e-4)
    assert len(states[0].averages) > len(last.averages) == 3


def test_averages_are_projections_in_the_poses_that_are_told(states, phantom, truth):
    """Turned and moved as an image is, the average is that image's own projection: sign, hand and scale."""
    last, (view, turn, shift) = states[-1], truth
    radius = BOX * PIXEL / 20.0
    low = np.hypot(np.fft.fftfreq(BOX)[:, None], np.fft.rfftfreq(BOX)) * BOX < radius
    for number in range(6):
        name = last.poses.classes[number]
        # A volume of one plane across z, seen along z, is turned in its plane.
        plane = np.zeros((BOX,) * 3, np.float32)
        plane[BOX // 2] = last.averages[name]
        angles = np.array([[0.0, 0.0, last.poses.turns[number]]])
        found = project_volume(plane, angles, -PIXEL * last.poses.shifts[[number]], pixel_size=PIXEL)[0]
        angles = np.array([[*VIEWS[view[number]], turn[number]]])
        expected = project_volume(phantom, angles, shift[[number]], pixel_size=PIXEL)[0]
        one, other = (np.fft.rfft2(image)[low][1:] for image in (found, expected))
        correlation = (one.conj() @ other).real / np.linalg.norm(one) / np.linalg.norm(other)
        assert correlation > 0.9  # of another view, or turned the other way, it is below 0.8
        assert np.linalg.norm(one) / np.linalg.norm(other) == pytest.approx(1.0, abs=0.25)


def test_averages_are_centred(states):
    assert np.abs(off_centre(states[-1].averages)).max() < 0.5


def test_the_same_seed_gives_the_same_bits_and_it_goes_on_where_it_stood(particles, states):
    again = list(classify2d(particles, SETTINGS, state=states[6], threads=2))
    assert [state.iteration for state in again] == list(range(8, 12))
    assert np.array_equal(again[-1].averages, states[-1].averages)
    assert np.array_equal(again[-1].poses.turns, states[-1].poses.turns)


def test_other_threads_give_all_but_the_same(particles):
    settings = Classes2DSettings(classes=2, mini_batches=2, images_per_class=20, full_passes=1, seed=1)
    one, other = ([*classify2d(particles, settings, threads=threads)][-1].averages for threads in (1, 3))
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9999


@pytest.mark.full
def test_other_threads_give_all_but_the_same_at_the_end_of_all_passes(particles, states):
    *_, alone = classify2d(particles, SETTINGS, threads=1)
    assert alone.iteration == states[-1].iteration
    assert np.corrcoef(alone.averages.ravel(), states[-1].averages.ravel())[0, 1] > 0.9999
    assert np.array_equal(alone.poses.classes, states[-1].poses.classes)


def test_what_does_not_look_like_its_class_is_left_out(particles, states):
    """A fifth of the images are given a turn that is not theirs, as if they showed something else."""
    last = states[-1]
    wrong = np.arange(COUNT) % 5 == 0
    turns = np.where(wrong, last.poses.turns + 90.0, last.poses.turns).astype(np.float32)
    assessment = assess_classes(particles, replace(last, poses=replace(last.poses, turns=turns)))
    assert all(one.keep for one in assessment.scores)
    assert assessment.keep[~wrong].mean() > 0.85
    assert assessment.keep[wrong].mean() < 0.3
    assert np.median(assessment.resemblance) == pytest.approx(1.0)
    assert sum(one.members for one in assessment.scores) == COUNT
    assert "alike: keep" in assessment.scores[0].words


def test_of_a_mixed_class_the_kind_that_looks_more_like_it_is_kept(particles, states, truth, monkeypatch):
    """Seven tenths as many images of another view are put into a class; its average is that of both, as they weigh.

    As if no class were mixed, a share of the others would pass that resemble this average somewhat.
    """
    last = states[-1]
    mine, others = np.flatnonzero(last.poses.classes == 0), np.flatnonzero(last.poses.classes == 1)
    others = others[: round(0.7 * len(mine))]
    classes, averages = last.poses.classes.copy(), last.averages.copy()
    classes[others] = 0
    share = len(others) / (len(mine) + len(others))
    averages[0] = (1 - share) * last.averages[0] + share * last.averages[1]
    mixed = replace(last, averages=averages, poses=replace(last.poses, classes=classes))
    assessment = assess_classes(particles, mixed)
    assert ["mixed" in one.reason for one in assessment.scores] == [True, False, False]
    assert [one.keep for one in assessment.scores] == [True, True, True]
    assert assessment.keep[mine].mean() > 0.9
    assert assessment.keep[others].mean() < 0.05
    monkeypatch.setattr("cryoloom.engine.classes2d._assessment.MIXED", 0.0)
    assert assess_classes(particles, mixed).keep[others].mean() > 0.1


def test_values_part_where_two_kinds_of_them_do():
    random = np.random.default_rng(3)
    low, high = random.normal(0.5, 0.1, 60), random.normal(1.2, 0.1, 40)
    assert low.max() < parting(np.concatenate([high, low])) < high.min()
    assert parting(np.array([1.0, 3.0])) == 2.0


def test_a_few_images_of_gold_do_not_outweigh_the_particles_of_their_class(particles, states, truth, phantom):
    """One in twelve images has a bead beside its particle, thirty times as strong as noise: such are no particles.

    The rest are sorted as without them, and no average of the rest shows a bead.
    """
    images = particles.images.copy()
    gold = np.arange(COUNT) % 12 == 5
    position = np.arange(BOX) - BOX // 2
    angles = np.random.default_rng(8).uniform(0, 2 * np.pi, COUNT)
    for number in np.flatnonzero(gold):
        x, y = 9 * np.cos(angles[number]), 9 * np.sin(angles[number])
        images[number] += 30 * images.std() * (np.hypot(position[:, None] - y, position - x) < 3.0)
    settings = replace(SETTINGS, classes=5)
    *_, last = classify2d(replace(particles, images=images), settings, threads=2)
    counts = np.zeros((5, 3), int)
    np.add.at(counts, (last.poses.classes[~gold], truth[0][~gold]), 1)
    assert counts.max(axis=1).sum() > 0.95 * (~gold).sum()
    assert assess_classes(replace(particles, images=images), last).keep[~gold].mean() > 0.85


def test_a_small_class_has_the_benefit_of_the_doubt_and_a_large_one_has_not(particles, states):
    """Some images of the first class make a small one of their own; a third of it, a quarter of the next are theirs.

    Both shares are below two in five: of 12 members such a share is within two standard deviations of it, 0.28, of 70
    and more it is not, 0.12.
    """
    last = states[-1]
    small, large = np.flatnonzero(last.poses.classes == 0)[:12], np.flatnonzero(last.poses.classes == 1)
    assert len(large) > 70
    classes, turns = last.poses.classes.copy(), last.poses.turns.copy()
    classes[small] = 3
    turns[small[4:]] += 90.0
    turns[large[len(large) // 4 :]] += 90.0
    state = replace(
        last,
        averages=last.averages[[0, 1, 2, 0]],
        correlation=last.correlation[[0, 1, 2, 0]],
        poses=replace(last.poses, classes=classes, turns=turns),
    )
    assessment = assess_classes(particles, state)
    assert [one.keep for one in assessment.scores] == [True, False, True, True]
    assert assessment.scores[3].evenness < 0.4  # the share that a class of many must reach
    assert "of its members look like it" in assessment.scores[1].reason
    assert assessment.keep[small[:4]].sum() >= 3
    assert assessment.keep[small[4:]].sum() <= 1


def test_classes_unlike_the_others_are_left_out_with_the_reason(particles, states):
    last = states[-1]
    rare = int(np.bincount(last.poses.classes).argmin())
    for factor, reason in ((5.0, "as strong as the others"), (0.1, "faint")):
        averages = last.averages.copy()
        averages[rare] *= factor
        scores = assess_classes(particles, replace(last, averages=averages)).scores
        assert reason in scores[rare].reason
        assert [one.keep for one in scores] == [number != rare for number in range(3)]


def test_one_pass_without_mini_batches_gives_every_image_a_class(particles):
    settings = Classes2DSettings(classes=3, mini_batches=0, full_passes=1, final_resolution=16.0, shift_radius=18.0)
    (state,) = classify2d(particles, settings, threads=2)
    assert len(state.averages) == 3
    assert state.poses.classes.min() >= 0
    assert sum(one.members for one in assess_classes(particles, state).scores) == COUNT


def test_averages_of_signal_under_noise_have_detail_and_averages_of_noise_have_none():
    """Half sums as they come of noise alone, with the signal of a blob under it in the first class only."""
    random = np.random.default_rng(8)
    position = np.arange(BOX) - BOX // 2
    blob = np.exp(-((position[:, None] - 2) ** 2 + (position + 1) ** 2) / 6.0).astype(np.float32)
    mask = (np.hypot(position[:, None], position) < BOX // 2 - 2).astype(np.float32)
    radius = BOX // 2 - 2
    for _ in range(10):  # fresh noise; of one pair of halves alone, chance may agree
        halves = random.normal(0, 0.02, (2, 2, BOX, BOX)).astype(np.float32)
        halves[:, 0] += blob
        sums = np.stack([planes_of(half * mask, radius) for half in halves])
        averages, correlation = averages_of(sums, np.ones(sums.shape, np.float32), mask)
        assert np.isfinite(averages).all()
        signal, noise = (last_ring(one) for one in correlation)
        assert signal >= 6  # the blob's spectrum falls to the noise's near the eighth ring
        assert noise == 0


def test_a_class_whose_halves_agree_in_nothing_is_told_no_detail_and_left_out(particles, states):
    last = states[-1]
    correlation = last.correlation.copy()
    correlation[1] = 0.0
    scores = assess_classes(particles, replace(last, correlation=correlation)).scores
    assert [one.resolution is None for one in scores] == [False, True, False]
    assert [one.keep for one in scores] == [True, False, True]
    assert "its halves agree in no detail" in scores[1].words


def test_averages_are_found_again_turned_and_moved(states):
    averages = states[-1].averages
    turned = []
    for number, angle in ((2, 60.0), (0, -100.0), (1, 8.0)):
        plane = np.zeros((BOX,) * 3, np.float32)
        plane[BOX // 2] = averages[number]
        turned.append(project_volume(plane, np.array([[0, 0, angle]]), np.array([[-6.0, 12.0]]), pixel_size=PIXEL)[0])
    matches = match_averages(np.stack(turned), averages, pixel_size=PIXEL)
    assert list(matches.partners) == [2, 0, 1]
    assert matches.correlation.min() > 0.95
    assert matches.turns == pytest.approx([60.0, 260.0, 8.0])
    assert matches.shifts == pytest.approx(np.array([[1.0, -2.0]] * 3))
    mirrored = match_averages(averages[:, :, ::-1], averages, pixel_size=PIXEL)
    assert mirrored.correlation.max() < 0.95


def test_planes_hold_images():
    """Half planes read at whole frequencies, without a turn and with equal weights, give their image back."""
    position = np.arange(BOX) - BOX // 2
    image = np.exp(-((position[:, None] - 3) ** 2 + (position + 2) ** 2) / 8.0)[None].astype(np.float32)
    radius = BOX // 2 - 2
    planes = planes_of(image, radius)
    found = images_of(2 * planes, np.full(planes.shape, 2.0, np.float32), np.full((1, radius), 1e9), BOX)
    # Both correct the fall-off that reading and putting back would have caused, and here nothing has.
    assert np.corrcoef(found.ravel(), image.ravel())[0, 1] > 0.98


def test_the_class_that_is_missed_least_goes_first():
    evidence = np.array([[9.0, 8.9, 0.0], [9.0, 8.9, 0.0], [8.7, 8.8, 0.0], [0.0, 0.0, 5.0]], np.float32)
    assert list(least_missed(evidence, 2)) == [0, 2]  # without the second, one image loses 0.1; without the first, two


def test_empty_classes_are_seeded_from_crowded_ones():
    assert empty_classes(np.array([0.001, 0.599, 0.4])) == [(0, 1)]
    assert empty_classes(np.array([0.0, 0.55, 0.0, 0.45])) == [(0, 1), (2, 3)]
    assert empty_classes(np.array([0.3, 0.7])) == []


def test_more_work_is_predicted_to_take_longer_and_more_memory():
    box = {"box_size": 64, "pixel_size": 4.0, "diameter": 190.0}
    small, large = Classes2DSettings(classes=10), Classes2DSettings(classes=100)
    of_few, of_many_classes, of_many_images = (
        predicted_seconds(settings, count=count, **box).sum()
        for settings, count in ((small, 1000), (large, 1000), (small, 9000))
    )
    assert of_few < min(of_many_classes, of_many_images)
    assert predicted_memory(1000, small, **box) < predicted_memory(1000, large, **box) < 2e9


def test_impossible_settings_are_refused(particles):
    with pytest.raises(ParameterError, match="smaller number"):
        Classes2DSettings(initial_resolution=10.0, final_resolution=20.0)
    with pytest.raises(ParameterError, match="at least 1"):
        Classes2DSettings(classes=0)
    with pytest.raises(ParameterError, match="cannot make"):
        next(classify2d(particles, Classes2DSettings(classes=COUNT + 1)))
