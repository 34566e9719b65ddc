"""What should not be in the beam: the carbon film beside a hole, ice crystals, gold and ethane."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

CARBON_THICKNESS = 200.0
"""Of the film, in Å."""

CARBON_POTENTIAL = 5.0
"""Mean inner potential of the film above that of ice, in V."""

CARBON_TRANSMISSION = 0.85
"""Share of the electrons that pass the film, relative to the ice in the hole."""


class Kind(StrEnum):
    """Kinds of false objects."""

    ICE_CRYSTAL = "ice_crystal"
    GOLD = "gold"
    ETHANE = "ethane"


SHARES = {Kind.ICE_CRYSTAL: 0.45, Kind.GOLD: 0.1, Kind.ETHANE: 0.45}
"""How common each kind is. Gold is rare: it holds movies together as nothing else does."""

SIZES = {Kind.ICE_CRYSTAL: (80.0, 260.0), Kind.GOLD: (35.0, 60.0), Kind.ETHANE: (90.0, 200.0)}
"""Radii in Å from which each kind is drawn."""

POTENTIALS = {Kind.ICE_CRYSTAL: 4.2, Kind.GOLD: 22.0, Kind.ETHANE: 2.5}
"""Mean inner potential in V, above that of the ice around for what lies within it."""

ABSORPTION_LENGTHS = {Kind.ICE_CRYSTAL: 1500.0, Kind.GOLD: 120.0, Kind.ETHANE: 2500.0}
"""Thickness in Å after which 1/e of the electrons is left."""


@dataclass(frozen=True)
class Contaminant:
    """One false object: its kind, its centre in pixels, its radius in Å, and the seed of its shape."""

    kind: Kind
    x: float
    y: float
    radius: float
    seed: int

    def thickness(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Thickness in Å of the object at `x`, `y` Å from its centre."""
        random = np.random.default_rng(self.seed)
        if self.kind is Kind.GOLD:
            return 2.0 * np.sqrt(np.maximum(0.0, self.radius**2 - x**2 - y**2))
        if self.kind is Kind.ETHANE:
            stretch, angle = random.uniform(0.7, 1.0), random.uniform(0.0, np.pi)
            u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
            return np.asarray(0.8 * self.radius * np.exp(-2.0 * (u**2 + (v / stretch) ** 2) / self.radius**2))
        # A crystal is a convex body between tilted faces, here of six to nine sides.
        sides = int(random.integers(6, 10))
        directions = (np.arange(sides) + random.uniform(-0.3, 0.3, sides)) * 2.0 * np.pi / sides
        depth = np.full(x.shape, 0.8 * self.radius)
        for direction, slope in zip(directions, random.uniform(0.8, 3.0, sides), strict=True):
            inward = self.radius * random.uniform(0.75, 1.0) - x * np.cos(direction) - y * np.sin(direction)
            depth = np.minimum(depth, slope * inward)
        return np.asarray(np.maximum(0.0, depth))


@dataclass(frozen=True)
class CarbonEdge:
    """The edge of a round hole in the carbon film: centre of the hole and its radius, in pixels."""

    x: float
    y: float
    radius: float

    def covers(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points (n, 2; x, y in pixels) lie on carbon."""
        return np.asarray(np.hypot(points[..., 0] - self.x, points[..., 1] - self.y) > self.radius)

    @classmethod
    def draw(cls, width: int, height: int, random: np.random.Generator) -> CarbonEdge:
        """Draw an edge that leaves two thirds to nine tenths of the field free, from any side."""
        direction = random.uniform(0.0, 2.0 * np.pi)
        radius = random.uniform(1.8, 3.0) * max(width, height)
        # How far the edge lies from the middle of the field, towards the carbon.
        inside = random.uniform(0.2, 0.4) * min(width, height)
        return cls(
            0.5 * width - (radius - inside) * np.cos(direction),
            0.5 * height - (radius - inside) * np.sin(direction),
            radius,
        )


def carbon_amplitude(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root of the power spectral density (rad Å) of the phase shift by the film, at `frequency` (1/Å).

    Amorphous carbon at 0.1 atoms a cubic ångström, in clumps: flat up to some 4 Å, then falling as the form factor
    does. About six times the power of as much ice.
    """
    return np.asarray(0.42 * np.exp(-2.0 * frequency**2) * np.sqrt(0.5 + 0.5 / (1.0 + (frequency / 0.05) ** 2)))
