"""What is told of every exposure by a number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of every exposure.

    Parameters
    ----------
    name : of it
    label : what people call it
    unit : in which it is shown
    kind : of the set that tells it
    expression : on the columns of that set, in their units; such conditions can be put on it. Empty: it is counted
    factor : by which a value of the expression is shown
    digits : behind the point
    """

    name: str
    label: str
    unit: str
    kind: str
    expression: str
    factor: float = 1.0
    digits: int = 1


MEASURES = (
    Measure("fit_resolution", "CTF fit", "Å", "ctfs", "fit_resolution"),
    Measure("defocus", "Defocus", "µm", "ctfs", "(defocus_u + defocus_v) / 2", factor=1e-4, digits=2),
    Measure("motion_total", "Motion, total", "Å", "micrographs", "motion_total"),
    Measure("astigmatism", "Astigmatism", "nm", "ctfs", "defocus_u - defocus_v", factor=0.1, digits=0),
    Measure("ice_thickness", "Ice, relative", "", "ctfs", "ice_thickness_relative", digits=4),
    Measure("ice_ring", "Ice ring", "", "ctfs", "ice_ring", digits=2),
    Measure("motion_early", "Motion, early", "Å", "micrographs", "motion_early"),
    Measure("picks", "Picks", "", "coordinates", "", digits=0),
)
"""In the order in which they matter."""
