"""Optics groups: images that were taken under the same conditions of the microscope."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from cryoloom.data._identity import digest
from cryoloom.errors import FormatError

USUAL_ABERRATION, USUAL_AMPLITUDE_CONTRAST = 2.7, 0.1
"""In mm of most Titan Krios, and of protein in ice, where nothing is stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpticsGroup:
    """What images taken under the same conditions have in common; stored once for a set.

    The identity is drawn once, when the group is first described (`OpticsGroup.describe`), and kept when refinement
    improves its numbers.

    Parameters
    ----------
    id : 64-bit identity; what the column ``optics_group`` of an item refers to
    name : for people and for RELION's ``rlnOpticsGroupName``
    voltage : acceleration voltage, in kV
    spherical_aberration : Cs, in mm
    amplitude_contrast : fraction of the contrast that is not phase contrast, 0 to 1
    detector_pixel_size : of the physical detector pixel at the specimen, unbinned, in Å; None if not known
    beam_tilt_x, beam_tilt_y : in mrad
    odd_zernike, even_zernike : coefficients of the antisymmetric and symmetric aberrations, RELION's order
    magnification_matrix : 2 × 2, row major; the identity where magnification is isotropic
    mtf_file : STAR file of the detector's modulation transfer function, empty if not known
    extra : what files said of it that is not named here; every step passes it on
    """

    id: int
    name: str
    voltage: float
    spherical_aberration: float
    amplitude_contrast: float
    detector_pixel_size: float | None = None
    beam_tilt_x: float = 0.0
    beam_tilt_y: float = 0.0
    odd_zernike: tuple[float, ...] = ()
    even_zernike: tuple[float, ...] = ()
    magnification_matrix: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 1.0)
    mtf_file: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def describe(
        cls, *, name: str, voltage: float, spherical_aberration: float, amplitude_contrast: float, **more: Any
    ) -> Self:
        """A new group whose identity is the digest of what is said about it: the same words give the same id."""
        group = cls(
            id=0,
            name=name,
            voltage=float(voltage),
            spherical_aberration=float(spherical_aberration),
            amplitude_contrast=float(amplitude_contrast),
            **more,
        )
        said = json.dumps(group.to_json(), sort_keys=True, ensure_ascii=False)
        return replace(group, id=digest("optics", said.encode()))

    def to_json(self) -> dict[str, Any]:
        """The fields by name, ready for `json.dumps`."""
        values = {name: getattr(self, name) for name in _NAMES}
        return {**self.extra, **{name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The group that `to_json` wrote.

        Raises
        ------
        FormatError
            If something required is missing.
        """
        known: dict[str, Any] = {name: document[name] for name in document if name in _NAMES}
        known |= {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        try:
            return cls(**known, extra={name: document[name] for name in document if name not in _NAMES})
        except TypeError as error:
            raise FormatError(f"An optics group cannot be read: {error}.") from error


_NAMES = tuple(each.name for each in fields(OpticsGroup) if each.name != "extra")
