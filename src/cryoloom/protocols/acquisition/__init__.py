"""Corrections of what was stated of the acquisition."""

from cryoloom.protocols.acquisition._defocus import Acquisition, equivalent_defocus
from cryoloom.protocols.acquisition._protocol import CorrectAcquisition

__all__ = ["Acquisition", "CorrectAcquisition", "equivalent_defocus"]
