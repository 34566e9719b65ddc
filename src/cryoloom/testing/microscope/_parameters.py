"""What the simulated microscope is set to: three frozen tiers, and variants of them for tests."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from cryoloom.errors import ParameterError

Interval: TypeAlias = tuple[float, float]


class Tier(StrEnum):
    """How hard the simulated session is; the values of each tier are frozen in ``tiers.toml``."""

    EASY = "easy"


@dataclass(frozen=True)
class OpticsParameters:
    """The microscope: voltage in kV, spherical aberration in mm, defocus and astigmatism in Å, B factor in Å²."""

    voltage: float
    spherical_aberration: float
    amplitude_contrast: float
    defocus: Interval
    astigmatism: Interval
    b_factor: Interval


@dataclass(frozen=True)
class DetectorParameters:
    """The counting detector: sizes in pixels, pixel size in Å, dose in e/Å², spread of the gain as a fraction."""

    width: int
    height: int
    pixel_size: float
    frame_count: int
    dose_per_frame: float
    gain_spread: float
    hot_pixel_count: int


@dataclass(frozen=True)
class GridParameters:
    """What lies in the beam: particles and ice (thickness in Å), and how fast the beam damages them."""

    particle_count: int
    closest_approach: float
    damage_scale: Interval
    ice_thickness: float
    ice_static_fraction: float


@dataclass(frozen=True)
class MotionParameters:
    """How the specimen moves during a movie, in detector pixels and frames."""

    total: Interval
    burst: Interval
    burst_decay: Interval
    linear: Interval
    walk: float
    local: Interval
    local_length: float


@dataclass(frozen=True)
class MicroscopeParameters:
    """Everything that a simulated session is drawn from."""

    optics: OpticsParameters
    detector: DetectorParameters
    grid: GridParameters
    motion: MotionParameters

    @classmethod
    def of_tier(cls, tier: Tier | str) -> MicroscopeParameters:
        """Return the frozen parameters of a tier."""
        sections = _tiers()[Tier(tier)]
        return cls(
            optics=OpticsParameters(**_with_intervals(sections["optics"])),
            detector=DetectorParameters(**_with_intervals(sections["detector"])),
            grid=GridParameters(**_with_intervals(sections["grid"])),
            motion=MotionParameters(**_with_intervals(sections["motion"])),
        )

    def resized(
        self,
        *,
        width: int | None = None,
        height: int | None = None,
        frame_count: int | None = None,
        particle_count: int | None = None,
    ) -> MicroscopeParameters:
        """Return the same microscope with a smaller or larger field, for quick tests.

        Without a `particle_count`, particles stay as crowded as they are.
        """
        detector = replace(
            self.detector,
            width=width or self.detector.width,
            height=height or self.detector.height,
            frame_count=frame_count or self.detector.frame_count,
        )
        if detector.width < 64 or detector.height < 64:
            raise ParameterError(f"A field of {detector.width} × {detector.height} px is too small; take at least 64.")
        if particle_count is None:
            area = detector.width * detector.height / (self.detector.width * self.detector.height)
            particle_count = round(self.grid.particle_count * area)
        return replace(self, detector=detector, grid=replace(self.grid, particle_count=particle_count))


@cache
def _tiers() -> dict[str, Any]:
    text = files(__package__).joinpath("tiers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _with_intervals(section: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in section.items()}
