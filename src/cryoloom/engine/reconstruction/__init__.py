"""Direct Fourier reconstruction: particle images with known poses and CTFs become a map."""

from cryoloom.engine.reconstruction._accumulator import Backprojection
from cryoloom.engine.reconstruction._orientation import rotation_matrices

__all__ = ["Backprojection", "rotation_matrices"]
