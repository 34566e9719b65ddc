"""Micrographs from the simulated microscope, and how picks are held against their truth."""

from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from cryoloom.testing.microscope import MicroscopeParameters, SimulatedMicroscope, Tier

FIELD, BORDER, PIXEL_SIZE = 1024, 12, 2.0


@dataclass(frozen=True)
class Field:
    """An aligned sum, cropped to what all frames saw, and what lies in it, in its pixels."""

    image: np.ndarray
    diameter: float  # Å
    positions: np.ndarray  # (n, 2) of all particles
    states: np.ndarray  # (n,)
    contaminants: list[tuple[str, float, float, float]]  # kind, x, y, radius, all in pixels
    carbon: tuple[float, float, float] | None  # outside of this circle: x, y, radius
    truth: object

    @property
    def diameter_in_pixels(self):
        return self.diameter / PIXEL_SIZE

    def whole(self):
        """Which particles lie in the field with all of their diameter."""
        margin = self.diameter_in_pixels / 2
        return ((self.positions > margin) & (self.positions < np.array(self.image.shape[::-1]) - 1 - margin)).all(
            axis=1
        )


@dataclass(frozen=True)
class Match:
    """Picks held against the truth, in one field or summed over several."""

    wanted: int
    picked: int
    excused: int
    hits: int
    squared_error: float  # over the hits, in squared diameters
    on_contaminants: int

    def __add__(self, other):
        return Match(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def recall(self):
        return self.hits / self.wanted

    @property
    def precision(self):
        return self.hits / max(1, self.picked - self.excused)

    @property
    def centre_error(self):
        """RMS, in diameters."""
        return float(np.sqrt(self.squared_error / self.hits)) if self.hits else np.nan

    @property
    def contaminated(self):
        return self.on_contaminants / max(1, self.picked)


def hold_against_truth(coordinates, field):
    """Match picks and particles one to one within 0.2 diameters; what is broken or cut off neither counts nor costs."""
    distance = np.hypot(*(coordinates[:, None] - field.positions[None]).transpose(2, 0, 1)) / field.diameter_in_pixels
    picks, particles = linear_sum_assignment(np.where(distance < 0.2, distance, 10.0))
    matched = distance[picks, particles] < 0.2
    picks, particles = picks[matched], particles[matched]
    wanted = field.whole() & (field.states == "intact")
    harmless = np.isin(field.states, ["broken", "denatured"]) | (~field.whole() & (field.states != "aggregated"))
    excused = (distance[:, harmless] < 0.5).any(axis=1)
    excused[picks] = False
    excused[picks[harmless[particles]]] = True
    hits = wanted[particles]
    return Match(
        wanted=int(wanted.sum()),
        picked=len(coordinates),
        excused=int(excused.sum()),
        hits=int(hits.sum()),
        squared_error=float((distance[picks, particles][hits] ** 2).sum()),
        on_contaminants=int(on_contaminants(coordinates, field).sum()),
    )


def on_contaminants(coordinates, field):
    """Which picks lie on gold, on crystals, on carbon or on aggregates; ethane is as round as a particle."""
    found = np.zeros(len(coordinates), bool)
    for kind, x, y, radius in field.contaminants:
        if kind != "ethane":
            found |= np.hypot(*(coordinates - (x, y)).T) < radius
    if field.carbon is not None:
        x, y, radius = field.carbon
        found |= np.hypot(*(coordinates - (x, y)).T) > radius
    aggregated = field.positions[field.states == "aggregated"]
    distance = np.hypot(*(coordinates[:, None] - aggregated[None]).transpose(2, 0, 1)) / field.diameter_in_pixels
    return found | (distance < 0.5).any(axis=1)


def expose(tier, seed, *, number=1, size=FIELD, particle_count=None, defocus=None):
    """One field of a tier with all of its dose in three frames, moved back by the true motion."""
    parameters = MicroscopeParameters.of_tier(tier).resized(width=size, height=size, frame_count=3)
    # Defects are repaired before frames are summed, which is not what is tested here.
    detector = replace(parameters.detector, dose_per_frame=12.0, hot_pixel_count=0, dead_column_count=0)
    grid = parameters.grid if particle_count is None else replace(parameters.grid, particle_count=particle_count)
    microscope = SimulatedMicroscope(tier, seed=seed, parameters=replace(parameters, detector=detector, grid=grid))
    exposure = microscope.expose(seed=number, defocus_u=defocus)
    truth = exposure.truth
    shifts = truth.drift.global_shifts
    frequency_y, frequency_x = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)
    total = sum(
        np.fft.rfft2(frame * exposure.gain) * np.exp(2j * np.pi * (frequency_x * x + frequency_y * y))
        for frame, (x, y) in zip(exposure.counts, shifts, strict=True)
    )
    inner = slice(BORDER, size - BORDER)
    document = truth.as_document()
    carbon = None if document["carbon"] is None else document["carbon"]["outside_of_circle"]
    return Field(
        image=np.fft.irfft2(total, s=(size, size))[inner, inner].astype(np.float32),
        diameter=microscope.specimen.diameter,
        positions=truth.coordinates(shifts) - BORDER,
        states=np.array([particle["state"] for particle in document["particles"]]),
        contaminants=[
            (one["kind"], one["x"] - BORDER, one["y"] - BORDER, one["radius"] / PIXEL_SIZE)
            for one in document["contaminants"]
        ],
        carbon=None if carbon is None else (carbon["x"] - BORDER, carbon["y"] - BORDER, carbon["radius"]),
        truth=truth,
    )


def with_random_phases(image, seed=0):
    """The same power at every frequency, and no structure."""
    noise = np.fft.rfft2(np.random.default_rng(seed).standard_normal(image.shape))
    transform = np.abs(np.fft.rfft2(image)) * noise / np.abs(noise)
    transform[0, 0] = image.sum()
    return np.fft.irfft2(transform, s=image.shape).astype(np.float32)


@pytest.fixture(scope="session", params=[11, 12])
def easy_field(request):
    return expose(Tier.EASY, request.param)


@pytest.fixture(scope="session", params=[21, 22])
def standard_field(request):
    return expose(Tier.STANDARD, request.param)


@pytest.fixture(scope="session")
def empty_field():
    return expose(Tier.EASY, 31, particle_count=0)
