"""What one movie shows: particles, contaminants, carbon and ice, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope._contaminants import SHARES, SIZES, CarbonEdge, Contaminant
from cryoloom.testing.microscope._ice import Ice
from cryoloom.testing.microscope._parameters import MicroscopeParameters
from cryoloom.testing.microscope._particles import (
    Particles,
    State,
    draw_rotations,
    euler_angles,
    scatter,
    stage_rotation,
)
from cryoloom.testing.microscope._specimen import Specimen


class Flaw(StrEnum):
    """What spoils a whole movie, or a part of it."""

    CARBON_EDGE = "carbon_edge"
    AGGREGATE = "aggregate"
    GREAT_DRIFT = "great_drift"
    CRYSTALLINE_ICE = "crystalline_ice"
    EMPTY = "empty"


BAD = (Flaw.GREAT_DRIFT, Flaw.CRYSTALLINE_ICE, Flaw.EMPTY)


@dataclass(frozen=True)
class Scene:
    """What lies in the beam. Positions are pixels of the detector; where things are seen adds the drift."""

    particles: Particles
    contaminants: tuple[Contaminant, ...]
    carbon: CarbonEdge | None
    ice: Ice
    flaw: Flaw | None


def flaw_of_movie(number: int, parameters: MicroscopeParameters, seed: int) -> Flaw | None:
    """Say what is wrong with a movie of a session, `number` from 1, so that ten movies have what the tier states."""
    grid = parameters.grid
    decade, place = divmod(number - 1, 10)
    bad = BAD[(decade + seed) % len(BAD)]
    slots: list[Flaw | None] = [Flaw.CARBON_EDGE] * grid.carbon_edges_in_ten
    slots += [Flaw.AGGREGATE] * grid.aggregates_in_ten
    slots += [bad] * grid.bad_in_ten
    slots += [None] * (10 - len(slots))
    return slots[int(np.random.default_rng([seed, 2, decade]).permutation(10)[place])]


def draw_scene(
    parameters: MicroscopeParameters,
    specimen: Specimen,
    flaw: Flaw | None,
    tilt_axis: float,
    random: np.random.Generator,
) -> Scene:
    """Draw a fresh place of the grid, which is tilted about an axis `tilt_axis` degrees from x towards y."""
    detector, grid = parameters.detector, parameters.grid
    ice = _draw_ice(parameters, flaw, tilt_axis, random)
    if flaw is Flaw.EMPTY:
        nothing = Particles.intact(np.empty((0, 2)), np.empty((0, 3)))
        return Scene(nothing, (), None, ice, flaw)
    carbon = CarbonEdge.draw(detector.width, detector.height, random) if flaw is Flaw.CARBON_EDGE else None
    reach = 0.5 * specimen.diameter / detector.pixel_size
    low, high = (-reach, -reach), (detector.width + reach, detector.height + reach)
    crowd = (high[0] - low[0]) * (high[1] - low[1]) / (detector.width * detector.height)

    contaminants = _draw_contaminants(round(grid.false_object_share * grid.particle_count * crowd), low, high, random)
    discs = [(one.x, one.y, one.radius / detector.pixel_size + reach) for one in contaminants]
    aggregate = np.empty((0, 2))
    if flaw is Flaw.AGGREGATE:
        aggregate = _draw_aggregate(parameters, specimen, random)
        middle = aggregate.mean(axis=0)
        discs.append((*middle, np.hypot(*(aggregate - middle).T).max() + 2.0 * reach))

    keep_off = np.array(discs).reshape(-1, 3)
    count = round(grid.particle_count * crowd)
    paired = round(0.5 * grid.overlap_share * count)
    closest = grid.closest_approach * 2.0 * reach
    single = scatter(count - paired, closest, low=low, high=high, random=random, keep_off=keep_off)
    positions = np.concatenate([single, _beside(single, paired, 2.0 * reach, random)])
    if carbon is not None:
        positions = positions[~carbon.covers(positions)]
    particles = _draw_particles(parameters, specimen, ice, positions, aggregate, random)
    return Scene(particles, contaminants, carbon, ice, flaw)


def _draw_ice(
    parameters: MicroscopeParameters, flaw: Flaw | None, tilt_axis: float, random: np.random.Generator
) -> Ice:
    grid, detector = parameters.grid, parameters.detector
    slope, direction = random.uniform(*grid.ice_gradient), random.uniform(0.0, 2.0 * np.pi)
    return Ice(
        thickness=random.uniform(*grid.ice_thickness),
        gradient=(slope * np.cos(direction) / detector.width, slope * np.sin(direction) / detector.height),
        tilt=grid.tilt,
        tilt_axis=tilt_axis,
        spread=grid.ice_spread,
        ring=grid.ice_ring,
        crystalline=flaw is Flaw.CRYSTALLINE_ICE,
    )


def _draw_contaminants(
    count: int, low: tuple[float, float], high: tuple[float, float], random: np.random.Generator
) -> tuple[Contaminant, ...]:
    kinds = random.choice(len(SHARES), count, p=list(SHARES.values()))
    places = random.uniform(low, high, (count, 2))
    return tuple(
        Contaminant(kind, float(x), float(y), float(random.uniform(*SIZES[kind])), int(random.integers(2**31)))
        for kind, (x, y) in zip([list(SHARES)[index] for index in kinds], places, strict=True)
    )


def _draw_aggregate(
    parameters: MicroscopeParameters, specimen: Specimen, random: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the positions of 20 to 40 particles that stick to each other, in pixels."""
    detector = parameters.detector
    step = 0.55 * specimen.diameter / detector.pixel_size
    middle = random.uniform(0.2, 0.8, 2) * (detector.width, detector.height)
    places = [middle]
    for _ in range(int(random.integers(20, 41)) - 1):
        angle = random.uniform(0.0, 2.0 * np.pi)
        places.append(places[int(random.integers(len(places)))] + step * np.array([np.cos(angle), np.sin(angle)]))
    return np.array(places)


def _beside(
    points: NDArray[np.float64], count: int, diameter: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """Draw points (count, 2) at 0.4 to 0.8 diameters from different ones of `points`."""
    chosen = points[random.choice(len(points), count, replace=False)]
    distance, angle = random.uniform(0.4, 0.8, count) * diameter, random.uniform(0.0, 2.0 * np.pi, count)
    return chosen + np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)


def _draw_particles(
    parameters: MicroscopeParameters,
    specimen: Specimen,
    ice: Ice,
    positions: NDArray[np.float64],
    aggregate: NDArray[np.float64],
    random: np.random.Generator,
) -> Particles:
    detector, grid = parameters.detector, parameters.grid
    states = np.full(len(positions), State.INTACT.value, dtype="U10")
    spoilt = random.choice(len(positions), round(grid.broken_share * len(positions)), replace=False)
    states[spoilt[::2]] = State.BROKEN
    states[spoilt[1::2]] = State.DENATURED
    states = np.concatenate([states, np.full(len(aggregate), State.AGGREGATED.value, dtype="U10")])
    positions = np.concatenate([positions, aggregate])
    count = len(positions)

    x, y = (positions - 0.5 * (np.array([detector.width, detector.height]) - 1.0)).T
    heights = ice.height(x * detector.pixel_size, y * detector.pixel_size)
    if ice.spread:  # most particles float close to one of the ice's surfaces
        room = np.maximum(0.0, 0.5 * ice.thickness * ice.relative_thickness(x, y) - 0.5 * specimen.diameter)
        heights = heights + room * np.where(random.random(count) < 0.5, -1.0, 1.0) * random.beta(4.0, 1.0, count)
    distances = np.hypot(*(positions[:, None] - positions[None]).transpose(2, 0, 1)) + np.diag(np.full(count, np.inf))
    nearest = distances.min(axis=1, initial=np.inf)
    return Particles(
        positions=positions,
        heights=heights,
        angles=euler_angles(
            stage_rotation(ice.tilt, ice.tilt_axis) @ draw_rotations(count, grid.preferred_share, random)
        ),
        states=states,
        conformations=(random.random(count) < grid.second_conformation_share).astype(np.int64),
        overlapping=nearest < 0.8 * specimen.diameter / detector.pixel_size * (1.0 - 1e-9),
    )
