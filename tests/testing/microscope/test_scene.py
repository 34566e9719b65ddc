"""What the standard and hard tiers put before the beam."""

from collections import Counter

import numpy as np
import pytest
from scipy import ndimage

from cryoloom.testing.microscope import Flaw, MicroscopeParameters, SimulatedMicroscope, State, Tier, pseudoprotein
from cryoloom.testing.microscope._contaminants import CarbonEdge, Contaminant, Kind
from cryoloom.testing.microscope._particles import draw_rotations, euler_angles, rotation_matrices, stage_rotation
from cryoloom.testing.microscope._scattering import interaction_constant
from cryoloom.testing.microscope._scene import draw_scene, flaw_of_movie

AXIS = 115.0
STANDARD, HARD = MicroscopeParameters.of_tier(Tier.STANDARD), MicroscopeParameters.of_tier(Tier.HARD)


def scenes(parameters, count=12, flaw=None):
    return [draw_scene(parameters, pseudoprotein(), flaw, AXIS, np.random.default_rng(seed)) for seed in range(count)]


def test_a_harder_tier_has_all_that_an_easier_one_has():
    assert STANDARD.detector.width == HARD.detector.width == 1536
    assert STANDARD.optics.b_factor == HARD.optics.b_factor == (80.0, 120.0)
    assert HARD.grid.broken_share == STANDARD.grid.broken_share == 0.15
    assert STANDARD.grid.tilt == 0.0
    assert HARD.grid.tilt == 20.0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_ten_movies_have_the_stated_flaws(seed):
    for decade in range(3):
        numbers = range(10 * decade + 1, 10 * decade + 11)
        assert Counter(flaw_of_movie(number, STANDARD, seed) for number in numbers) == {
            Flaw.CARBON_EDGE: 2,
            Flaw.AGGREGATE: 1,
            None: 7,
        }
    bad = [flaw for flaw in (flaw_of_movie(number, HARD, seed) for number in range(1, 31)) if flaw is not None]
    assert {Flaw.GREAT_DRIFT, Flaw.CRYSTALLINE_ICE, Flaw.EMPTY} <= set(bad)
    assert all(flaw_of_movie(number, MicroscopeParameters.of_tier("easy"), seed) is None for number in range(1, 31))


def test_shares_of_spoilt_particles_and_overlaps_are_as_stated():
    particles = [scene.particles for scene in scenes(STANDARD)]
    states = Counter(np.concatenate([one.states for one in particles]).tolist())
    total = sum(states.values())
    assert (states[State.BROKEN] + states[State.DENATURED]) / total == pytest.approx(0.15, abs=0.01)
    # Of an odd number of spoilt ones, one more is broken.
    assert 0 <= states[State.BROKEN] - states[State.DENATURED] <= 12
    overlapping = np.concatenate([one.overlapping for one in particles])
    assert overlapping.mean() == pytest.approx(0.05, abs=0.02)
    apart = pseudoprotein().diameter / STANDARD.detector.pixel_size
    for one in particles:
        nearest = nearest_distance(one.positions)
        assert np.all((nearest < 0.8 * apart) == one.overlapping)
        assert nearest.min() > 0.15 * apart


def nearest_distance(points):
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    return distance.min(axis=1)


def test_heights_fill_the_ice_and_shift_the_defocus():
    for scene in scenes(STANDARD):
        x, y = (scene.particles.positions - 767.5).T
        room = 0.5 * scene.ice.thickness * scene.ice.relative_thickness(x, y) - 0.5 * pseudoprotein().diameter
        assert np.all(np.abs(scene.particles.heights) <= np.maximum(room, 0.0) + 1e-6)
    thick = [scene.particles.heights.std() for scene in scenes(STANDARD) if scene.ice.thickness > 500.0]
    assert min(thick) > 80.0


def test_particles_keep_off_carbon_and_contaminants():
    carbon = 0.0
    for scene in scenes(STANDARD, flaw=Flaw.CARBON_EDGE):
        assert not scene.carbon.covers(scene.particles.positions).any()
        field = np.stack(np.meshgrid(np.arange(0, 1536, 8), np.arange(0, 1536, 8)), axis=-1)
        covered = scene.carbon.covers(field).mean()
        assert 0.02 < covered < 0.5
        carbon += covered
        centres = np.array([(one.x, one.y) for one in scene.contaminants])
        radii = np.array([one.radius for one in scene.contaminants]) / 2.0
        distance = np.hypot(*(scene.particles.positions[:, None] - centres).transpose(2, 0, 1))
        alone = ~scene.particles.overlapping
        assert np.all(distance[alone] > radii)
    assert carbon / 12 == pytest.approx(0.2, abs=0.1)


def test_false_objects_are_a_tenth_of_all():
    kinds = Counter(one.kind for scene in scenes(STANDARD) for one in scene.contaminants)
    particles = sum(len(scene.particles) for scene in scenes(STANDARD))
    assert sum(kinds.values()) / particles == pytest.approx(0.10, abs=0.01)
    assert set(kinds) == set(Kind)


def test_an_aggregate_is_a_crowd_that_should_not_be_found():
    for scene in scenes(STANDARD, count=3, flaw=Flaw.AGGREGATE):
        clumped = scene.particles.states == State.AGGREGATED
        assert 20 <= clumped.sum() <= 40
        middle = scene.particles.positions[clumped].mean(axis=0)
        reach = np.hypot(*(scene.particles.positions[clumped] - middle).T).max()
        others = np.hypot(*(scene.particles.positions[~clumped] - middle).T)
        assert np.sum(others < reach) <= 2  # overlapping neighbours of others may reach in


def test_an_empty_movie_has_ice_only():
    (scene,) = scenes(HARD, count=1, flaw=Flaw.EMPTY)
    assert len(scene.particles) == 0
    assert not scene.contaminants


def test_half_of_the_hard_views_lie_in_a_tenth_of_the_sphere_about_the_tilted_beam():
    angles = np.concatenate([scene.particles.angles for scene in scenes(HARD, count=30)])
    # Undo the stage: what is left is the orientation on the grid, seen along the specimen's own axes.
    view = (stage_rotation(20.0, AXIS).T @ rotation_matrices(angles))[:, 2]
    assert np.mean(view[:, 2] > 0.8) == pytest.approx(0.5 + 0.5 * 0.1, abs=0.03)


def test_the_stage_lifts_what_lies_across_its_axis():
    stage = stage_rotation(20.0, 90.0)
    assert stage == pytest.approx(rotation_matrices(np.array([[0.0, 20.0, 0.0]]))[0])  # an axis along y
    stage = stage_rotation(20.0, AXIS)
    direction = np.radians(AXIS)
    along, across = [np.cos(direction), np.sin(direction), 0.0], [np.sin(direction), -np.cos(direction), 0.0]
    assert stage @ along == pytest.approx(np.array(along))
    assert (stage @ across)[2] == pytest.approx(np.sin(np.radians(20.0)))
    assert np.linalg.det(stage) == pytest.approx(1.0)


def test_without_preference_all_views_are_alike():
    view = draw_rotations(20_000, 0.0, np.random.default_rng(1))[:, 2]
    assert view.mean(axis=0) == pytest.approx(np.zeros(3), abs=0.02)
    assert (view**2).mean(axis=0) == pytest.approx(np.full(3, 1 / 3), abs=0.02)


def test_angles_and_matrices_are_each_other_s_inverse():
    angles = np.array([[10.0, 20.0, 30.0], [-170.0, 95.0, 3.0], [40.0, 0.0, 0.0], [0.0, 180.0, 25.0]])
    matrices = rotation_matrices(angles)
    assert np.allclose(rotation_matrices(euler_angles(matrices)), matrices)
    assert euler_angles(matrices[:2]) == pytest.approx(angles[:2])


def test_tilt_makes_heights_grow_across_the_field():
    (scene,) = scenes(HARD, count=1)
    x, y = ((scene.particles.positions - 767.5) * HARD.detector.pixel_size).T
    slopes = np.linalg.lstsq(np.stack([x, y, np.ones_like(x)], axis=1), scene.particles.heights, rcond=None)[0][:2]
    across = np.array([np.sin(np.radians(AXIS)), -np.cos(np.radians(AXIS))])
    assert slopes == pytest.approx(np.tan(np.radians(20.0)) * across, abs=0.05)


def test_a_third_of_the_hard_particles_has_the_second_conformation():
    conformations = np.concatenate([scene.particles.conformations for scene in scenes(HARD)])
    assert conformations.mean() == pytest.approx(0.3, abs=0.04)


def test_shapes_of_contaminants_have_their_size():
    offsets = np.arange(-400.0, 401.0, 4.0)
    x, y = offsets[None, :], offsets[:, None]
    for kind, radius in ((Kind.GOLD, 50.0), (Kind.ICE_CRYSTAL, 200.0), (Kind.ETHANE, 150.0)):
        thickness = Contaminant(kind, 0.0, 0.0, radius, 5).thickness(x, y)
        inside = thickness > 0.1 * thickness.max()
        equivalent = np.sqrt(inside.sum() * 16.0 / np.pi)
        assert 0.6 * radius < equivalent < 1.3 * radius
        assert thickness.min() >= 0.0
    gold = Contaminant(Kind.GOLD, 0.0, 0.0, 50.0, 5).thickness(x, y)
    assert gold.sum() * 16.0 == pytest.approx(4.0 / 3.0 * np.pi * 50.0**3, rel=0.02)


def test_carbon_lies_outside_of_the_hole():
    edge = CarbonEdge(100.0, 50.0, 20.0)
    assert edge.covers(np.array([[100.0, 50.0], [119.0, 50.0], [121.0, 50.0]])).tolist() == [False, False, True]


def test_carbon_is_darker_and_rougher_where_the_truth_says():
    parameters = STANDARD.resized(width=640, height=640, frame_count=4, particle_count=0)
    parameters = parameters.changed(carbon_edges_in_ten=10, aggregates_in_ten=0, ice_gradient=(0.0, 0.0))
    exposure = SimulatedMicroscope(parameters=parameters, seed=11).expose()
    image = exposure.micrograph
    pixels = np.stack(np.meshgrid(np.arange(640), np.arange(640)), axis=-1)
    moved = exposure.truth.drift.displacement(np.array([[320.0, 320.0]]))[0, 0]
    on = ndimage.binary_erosion(exposure.truth.scene.carbon.covers(pixels - moved), iterations=20)
    off = ndimage.binary_erosion(~exposure.truth.scene.carbon.covers(pixels - moved), iterations=20)
    # 15 % are absorbed, and amplitude contrast takes 2 · 0.07 of the film's phase shift of 200 Å · 5 V.
    expected = 0.85 - 2.0 * 0.07 * 200.0 * 5.0 * interaction_constant(300.0)
    assert image[on].mean() / image[off].mean() == pytest.approx(expected, abs=0.02)
    texture = ndimage.gaussian_filter(image, 2.0) - ndimage.gaussian_filter(image, 6.0)
    assert texture[on].std() > 1.3 * texture[off].std()


def test_gold_is_black_where_the_truth_says():
    parameters = STANDARD.resized(width=640, height=640, frame_count=4, particle_count=4)
    parameters = parameters.changed(carbon_edges_in_ten=0, aggregates_in_ten=0, false_object_share=2.0)
    exposure = SimulatedMicroscope(parameters=parameters, seed=12).expose()
    image, found = exposure.micrograph, 0
    for one in exposure.truth.scene.contaminants:
        place = np.array([[one.x, one.y]])
        x, y = (place + exposure.truth.drift.displacement(place)[0])[0]
        if one.kind is Kind.GOLD and 40.0 < x < 600.0 and 40.0 < y < 600.0:
            half = int(0.5 * one.radius / 2.0)
            window = image[round(y) - half : round(y) + half + 1, round(x) - half : round(x) + half + 1]
            assert window.mean() < 0.5 * np.median(image)
            found += 1
    assert found >= 1
