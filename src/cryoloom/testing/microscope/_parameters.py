"""What the simulated microscope is set to: three frozen tiers, and variants of them for tests."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from cryoloom.errors import ParameterError

Interval: TypeAlias = tuple[float, float]


class Tier(StrEnum):
    """How hard the simulated session is; the values of each tier are frozen in ``tiers.toml``."""

    EASY = "easy"
    STANDARD = "standard"
    HARD = "hard"


@dataclass(frozen=True)
class OpticsParameters:
    """The microscope: voltage in kV, spherical aberration in mm, lengths in Å, B factor in Å², beam tilts in mrad."""

    voltage: float
    spherical_aberration: float
    amplitude_contrast: float
    defocus: Interval
    astigmatism: Interval
    b_factor: Interval
    beam_tilts: tuple[Interval, ...]
    threefold_astigmatism: float
    magnification_anisotropy: float


@dataclass(frozen=True)
class DetectorParameters:
    """The counting detector: sizes in pixels, pixel size in Å, dose in e/Å², spreads and errors as fractions."""

    width: int
    height: int
    pixel_size: float
    pixel_size_error: float
    frame_count: int
    dose_per_frame: float
    gain_spread: float
    gain_error: float
    hot_pixel_count: int
    dead_column_count: int
    mtf: tuple[float, ...]

    @property
    def stated_pixel_size(self) -> float:
        """Pixel size in Å that the session's files state."""
        return self.pixel_size * (1.0 + self.pixel_size_error)


@dataclass(frozen=True)
class GridParameters:
    """What lies in the beam, how the ice is, and how fast the beam damages it (``tiers.toml`` explains each)."""

    particle_count: int
    closest_approach: float
    overlap_share: float
    broken_share: float
    false_object_share: float
    carbon_edges_in_ten: int
    aggregates_in_ten: int
    bad_in_ten: int
    second_conformation_share: float
    preferred_share: float
    tilt: float
    tilt_axis: Interval
    damage_scale: Interval
    ice_thickness: Interval
    ice_gradient: Interval
    ice_spread: bool
    ice_static_fraction: float
    ice_ring: float


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
        sections = _sections(Tier(tier))
        return cls(
            optics=OpticsParameters(**sections["optics"]),
            detector=DetectorParameters(**sections["detector"]),
            grid=GridParameters(**sections["grid"]),
            motion=MotionParameters(**sections["motion"]),
        )

    def changed(self, **values: Any) -> MicroscopeParameters:
        """Return the same with other values for some parameters, by the names that ``tiers.toml`` gives them.

        Raises
        ------
        ParameterError
            If no parameter has such a name.
        """
        sections = {section.name: getattr(self, section.name) for section in fields(self)}
        for name, value in values.items():
            section = next((key for key, known in sections.items() if hasattr(known, name)), None)
            if section is None:
                raise ParameterError(f"The simulated microscope has no parameter {name!r}.")
            sections[section] = replace(sections[section], **{name: value})
        changed = replace(self, **sections)
        if changed.detector.width < 64 or changed.detector.height < 64:
            raise ParameterError(
                f"A field of {changed.detector.width} × {changed.detector.height} px is too small; take at least 64."
            )
        return changed

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
        old = self.detector
        width, height = width or old.width, height or old.height
        if particle_count is None:
            particle_count = round(self.grid.particle_count * width * height / (old.width * old.height))
        return self.changed(
            width=width, height=height, frame_count=frame_count or old.frame_count, particle_count=particle_count
        )


@cache
def _sections(tier: Tier) -> dict[str, dict[str, Any]]:
    """Read a tier: its own values on top of those of the easier tiers."""
    tiers = tomllib.loads(files(__package__).joinpath("tiers.toml").read_text(encoding="utf-8"))
    sections: dict[str, dict[str, Any]] = {}
    for easier in Tier:
        for name, values in tiers[easier].items():
            sections.setdefault(name, {}).update({key: _frozen(value) for key, value in values.items()})
        if easier is tier:
            break
    return sections


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
