"""What particles look like whatever their orientation, learned from the micrograph itself.

A window around a particle, turned in the plane at random, is taken as a Gaussian vector of which only second moments
(and a mean that does not change with rotation) matter. In a Fourier-Bessel basis different angular orders are then
independent of each other, and each needs one small covariance matrix. The same holds for the noise. The logarithm of
the ratio of both likelihoods says at every pixel how much rather a particle is centred there than noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.picking._basis import AngularOrder, disc_basis
from cryoloom.engine.picking._correlation import Correlator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.picking._peaks import Peaks
    from cryoloom.engine.picking._spectrum import NoiseSpectrum
    from cryoloom.engine.picking._working_image import WorkingImage

RADIUS = 0.6  # of the disc, in diameters of the particle
FINEST = 6.0  # highest frequency of the basis, in cycles a diameter
PRIOR_STRENGTH = 15.0  # particles by which the noise itself is represented in the covariance of particles
USEFUL_GAIN = 1.05  # components in which particles have no more variance than this times the noise's are left out


@dataclass(frozen=True)
class Appearance:
    """Components in which particles and noise differ, scaled to variance 1 in noise.

    Parameters
    ----------
    kernels : (j, s, s) complex, s odd, origin in the middle; correlation with them gives the components
    patterns : (j, s, s) complex; what each component, at 1, adds to the window
    gains : (j,) variance of each component over particles
    means : (j,) mean of each over particles; 0 but for rotationally symmetric kernels, whose components are real
    is_real : (j,) whether the kernel is rotationally symmetric
    """

    kernels: NDArray[np.complex64]
    patterns: NDArray[np.complex64]
    gains: NDArray[np.float64]
    means: NDArray[np.float64]
    is_real: NDArray[np.bool_]


def learn_appearance(image: WorkingImage, particles: Peaks, noise: NoiseSpectrum) -> Appearance:
    """Learn from windows around particles in what they differ from noise.

    Parameters
    ----------
    image : the micrograph
    particles : where particles are, at least one; a few of them may be wrong
    noise : spectrum of the noise between them

    References
    ----------
    Eldar, Landa & Shkolnisky (2020), J. Struct. Biol. 210:107473, for picking by the likelihood of isotropic Gaussian
    windows; here the covariance comes from windows around picks, and iterates with them.
    """
    basis = disc_basis(RADIUS * image.diameter, FINEST / image.diameter)
    windows = _windows(image.values, particles, basis[0].functions.shape[-1] // 2)
    displaced = _displacement(basis[0], basis[1], windows)
    parts = [_learn_order(order, windows, noise, displaced if order.order == 1 else None) for order in basis]
    return Appearance(
        kernels=np.concatenate([part.kernels for part in parts]),
        patterns=np.concatenate([part.patterns for part in parts]),
        gains=np.concatenate([part.gains for part in parts]),
        means=np.concatenate([part.means for part in parts]),
        is_real=np.concatenate([part.is_real for part in parts]),
    )


def likelihood_ratio(image: NDArray[np.float32], appearance: Appearance, *, threads: int = 1) -> NDArray[np.float32]:
    """Natural logarithm of how much more likely each window is a particle than noise.

    Parameters
    ----------
    image : (y, x) the image the appearance was learned from, or noise like that in it
    appearance : what particles look like
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (y, x). Time O(j · N log N) for N pixels and j components.
    """
    correlate = Correlator(image, appearance.kernels.shape[-1] // 2, threads=threads)
    ratio = np.zeros(image.shape, np.float32)
    for kernel, gain, mean, is_real in zip(
        appearance.kernels, appearance.gains, appearance.means, appearance.is_real, strict=True
    ):
        component = correlate(kernel)
        if is_real:
            value = component.real
            ratio += 0.5 * (value**2 - (value - np.float32(mean)) ** 2 / np.float32(gain) - np.float32(np.log(gain)))
        else:
            power = component.real**2 + component.imag**2
            ratio += np.float32(1 - 1 / gain) * power - np.float32(np.log(gain))
    return ratio


def without_particles(image: NDArray[np.float32], particles: Peaks, appearance: Appearance) -> NDArray[np.float32]:
    """Subtract from an image what the particles in it most likely look like without noise.

    Parameters
    ----------
    image : (y, x)
    particles : where they are
    appearance : what particles look like

    Returns
    -------
    (y, x)
    """
    reach = appearance.kernels.shape[-1] // 2
    padded = np.pad(image, reach, mode="reflect")
    size = 2 * reach + 1
    count, parts = len(particles), len(appearance.gains)
    windows = _windows(image, particles, reach).reshape(count, -1)
    components = windows @ appearance.kernels.reshape(parts, -1).conj().T
    means = np.where(appearance.is_real, appearance.means, 0.0)
    expected = means + (1 - 1 / appearance.gains) * (components - means)
    expected *= np.where(appearance.is_real, 1.0, 2.0)  # an order and its mate
    explained = (expected @ appearance.patterns.reshape(parts, -1)).real.reshape(count, size, size)
    for x, y, window in zip(particles.x, particles.y, explained, strict=True):
        padded[y : y + size, x : x + size] -= window
    return padded[reach:-reach, reach:-reach]


def _displacement(symmetric: AngularOrder, first: AngularOrder, windows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Components of order 1 by which the rotational mean changes when it is displaced."""
    functions = symmetric.functions.real
    mean = np.einsum("q,qyx->yx", np.einsum("qyx,yx->q", functions, windows.mean(axis=0)), functions)
    slope = np.gradient(mean, axis=1)
    components: NDArray[np.float64] = np.einsum("qyx,yx->q", first.functions.conj(), slope).real.astype(np.float64)
    return components


def _learn_order(
    order: AngularOrder,
    windows: NDArray[np.float32],
    noise: NoiseSpectrum,
    displacement: NDArray[np.float64] | None,
) -> Appearance:
    import scipy.linalg

    functions = order.functions
    count = len(windows)
    coefficients = windows.reshape(count, -1) @ functions.reshape(len(functions), -1).conj().T
    of_noise = _noise_covariance(functions, noise)
    is_symmetric = order.order == 0
    mean = coefficients.mean(axis=0).real if is_symmetric else np.zeros(len(functions))
    centred = (coefficients.real if is_symmetric else coefficients) - mean
    of_particles = (centred.T @ centred.conj()).real / count
    if displacement is not None:
        of_particles = _without(displacement, of_particles, of_noise)
    # Few windows fit themselves too well: noise stands in for those that are missing.
    trust = count / (count + PRIOR_STRENGTH)
    gains, vectors = scipy.linalg.eigh(of_noise + trust * (of_particles - of_noise), of_noise)
    gains = np.maximum(gains, 1.0)
    means = trust * mean @ vectors
    useful = (gains > USEFUL_GAIN) | (np.abs(means) > 0)
    return Appearance(
        kernels=np.tensordot(vectors[:, useful].T, functions, 1).astype(np.complex64),
        patterns=np.tensordot((of_noise @ vectors)[:, useful].T, functions, 1).astype(np.complex64),
        gains=gains[useful],
        means=means[useful],
        is_real=np.full(int(useful.sum()), is_symmetric),
    )


def _without(
    direction: NDArray[np.float64], of_particles: NDArray[np.float64], of_noise: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A covariance with no more variance in a direction than noise has.

    Where a particle lies is not how it looks: windows that are a little off their particles would teach that particles
    look displaced, and the next ones would be found further off.
    """
    import scipy.linalg

    factor = np.linalg.cholesky(of_noise)
    whitened = scipy.linalg.solve_triangular(factor, direction, lower=True)
    length = np.linalg.norm(whitened)
    if length == 0:
        return of_particles
    whitened /= length
    inverse = np.linalg.inv(factor)
    kept = np.eye(len(direction)) - np.outer(whitened, whitened)
    changed = kept @ (inverse @ of_particles @ inverse.T) @ kept + np.outer(whitened, whitened)
    result: NDArray[np.float64] = factor @ changed @ factor.T
    return result


def _noise_covariance(functions: NDArray[np.complex64], noise: NoiseSpectrum) -> NDArray[np.float64]:
    size = 2 * functions.shape[-1]
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size))
    transform = np.fft.fft2(functions, (size, size))
    weighted = (transform * np.sqrt(noise.at(frequency))).reshape(len(functions), -1)
    covariance: NDArray[np.float64] = (weighted.conj() @ weighted.T).real / size**2
    return covariance


def _windows(image: NDArray[np.float32], particles: Peaks, reach: int) -> NDArray[np.float32]:
    padded = np.pad(image, reach, mode="reflect")
    size = 2 * reach + 1
    return np.stack([padded[y : y + size, x : x + size] for x, y in zip(particles.x, particles.y, strict=True)])
