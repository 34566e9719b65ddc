"""Direct Fourier reconstruction: particle images with known poses and CTFs become a map."""

from cryoloom.engine.reconstruction._accumulator import Backprojection

__all__ = ["Backprojection"]
