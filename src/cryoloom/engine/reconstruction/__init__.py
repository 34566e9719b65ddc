"""Direct Fourier reconstruction: particle images with known poses and CTFs become a map."""

from cryoloom.engine.reconstruction._sums import FourierSums

__all__ = ["FourierSums"]
