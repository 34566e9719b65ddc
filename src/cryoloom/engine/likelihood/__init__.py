"""How likely images are, given maps: what is compared, against which noise, and what follows for every pose."""

from cryoloom.engine.likelihood._disc import fourier_disc, ring_of
from cryoloom.engine.likelihood._noise import NoiseSpectrum
from cryoloom.engine.likelihood._observations import Observations, ParticleImages
from cryoloom.engine.likelihood._ratios import likelihood_ratios
from cryoloom.engine.likelihood._residual import ResidualPower

__all__ = [
    "NoiseSpectrum",
    "Observations",
    "ParticleImages",
    "ResidualPower",
    "fourier_disc",
    "likelihood_ratios",
    "ring_of",
]
