"""A simulated microscope: movies of which everything is known.

>>> microscope = SimulatedMicroscope(Tier.EASY, seed=7)
>>> exposure = microscope.expose(defocus_u=15_200.0, defocus_v=14_700.0, defocus_angle=32.0)
>>> exposure.counts.shape
(24, 1536, 1536)
"""

from __future__ import annotations

from cryoloom.testing.microscope._exposure import Exposure
from cryoloom.testing.microscope._honest import HonestMovie, count_electrons, honest_movie, write_honest_session
from cryoloom.testing.microscope._microscope import SimulatedMicroscope
from cryoloom.testing.microscope._motion import Drift
from cryoloom.testing.microscope._optics import ContrastTransfer
from cryoloom.testing.microscope._parameters import MicroscopeParameters, Tier
from cryoloom.testing.microscope._particles import Particles, State
from cryoloom.testing.microscope._poses import displacement_corrected, with_true_poses
from cryoloom.testing.microscope._pseudoprotein import pseudoprotein
from cryoloom.testing.microscope._scene import Flaw, Scene
from cryoloom.testing.microscope._session import Session, write_session
from cryoloom.testing.microscope._specimen import Specimen
from cryoloom.testing.microscope._structures import SPECIMENS, load_specimen
from cryoloom.testing.microscope._truth import ExposureTruth

__all__ = [
    "SPECIMENS",
    "ContrastTransfer",
    "Drift",
    "Exposure",
    "ExposureTruth",
    "Flaw",
    "HonestMovie",
    "MicroscopeParameters",
    "Particles",
    "Scene",
    "Session",
    "SimulatedMicroscope",
    "Specimen",
    "State",
    "Tier",
    "count_electrons",
    "displacement_corrected",
    "honest_movie",
    "load_specimen",
    "pseudoprotein",
    "with_true_poses",
    "write_honest_session",
    "write_session",
]
