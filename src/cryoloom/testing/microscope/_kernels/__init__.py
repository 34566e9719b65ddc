"""The compiled inner loops of the simulated microscope."""

from __future__ import annotations

from cryoloom.testing.microscope._kernels._electrons import poisson_table, record, spread_electrons
from cryoloom.testing.microscope._kernels._spectra import evaluate_aberration, form_spectra
from cryoloom.testing.microscope._kernels._splines import combine, paste, splat_projection, splat_volume, warp
from cryoloom.testing.microscope._kernels._streams import fill_noise, fill_white

__all__ = [
    "combine",
    "evaluate_aberration",
    "fill_noise",
    "fill_white",
    "form_spectra",
    "paste",
    "poisson_table",
    "record",
    "splat_projection",
    "splat_volume",
    "spread_electrons",
    "warp",
]
