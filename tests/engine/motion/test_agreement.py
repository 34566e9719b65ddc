"""The measured slope of the agreement is its derivative."""

import numpy as np
import pytest

from cryoloom.engine.motion._agreement import measure_agreement
from cryoloom.engine.motion._detector_frames import DetectorFrames
from cryoloom.engine.motion._patches import cut_patches
from cryoloom.engine.motion._refine import Refinement
from cryoloom.engine.motion._spectra import Spectra


@pytest.fixture(scope="module")
def patches(film):
    scene = film(31, shape=(160, 192), frames=6, drift=3.0)
    middle = np.array([[95.5, 79.5]])
    return cut_patches(DetectorFrames.of(scene.counts), scene.displacement(middle)[:, 0], grid=(2, 2), factor=1)


@pytest.fixture(scope="module")
def spectra(patches):
    """Any will do: signals that fade, and differ from patch to patch."""
    random = np.random.default_rng(2)
    return Spectra(
        noise=random.uniform(1.0, 2.0, (patches.number, patches.rings)),
        signal=random.uniform(0.0, 0.1, (patches.number, patches.rings)),
        fading=random.uniform(0.0, 0.4, patches.rings),
        frames=patches.frames,
    )


@pytest.fixture
def displacement(patches):
    noise = np.random.default_rng(1).normal(0, 0.3, (patches.number, patches.frames, 2))
    return patches.offsets[None] + noise


@pytest.mark.parametrize("axis", [0, 1])
def test_the_slope_is_the_derivative(patches, spectra, displacement, axis):
    measured = measure_agreement(patches, spectra, displacement)
    step = 0.02  # pixels: large against single precision, small against the detail of the texture
    for frame in range(patches.frames):
        forth, back = displacement.copy(), displacement.copy()
        forth[1, frame, axis] += step
        back[1, frame, axis] -= step
        numeric = (
            measure_agreement(patches, spectra, forth).power - measure_agreement(patches, spectra, back).power
        ) / (2 * step)
        assert measured.gradient[1, frame, axis] == pytest.approx(
            numeric, rel=0.02, abs=0.01 * np.abs(measured.gradient).max()
        )


def test_the_agreement_is_best_at_the_truth(film):
    scene = film(33, shape=(160, 192), frames=6, local=0.0)
    truth = scene.displacement(np.array([[95.5, 79.5]]))[:, 0]
    patches = cut_patches(DetectorFrames.of(scene.counts), truth, grid=(2, 2), factor=1)
    refinement = Refinement(patches, truth)
    best = refinement.measure().power
    there = refinement.estimate.at(refinement.design)
    random = np.random.default_rng(5)
    for _ in range(5):
        elsewhere = there + random.normal(0, 0.5, (1, patches.frames, 2))
        assert measure_agreement(patches, refinement.spectra, elsewhere).power < best


def test_the_expected_curvature_is_the_scatter_of_the_slope(film):
    """Fisher's identity: at the truth the covariance of the slope is the information."""
    ratios = []
    for seed in range(4):
        scene = film(40 + seed, shape=(256, 256), frames=8, local=0.0, contrast=0.1)
        truth = scene.displacement(np.array([[127.5, 127.5]]))[:, 0]
        patches = cut_patches(DetectorFrames.of(scene.counts), truth, grid=(3, 3), factor=1)
        refinement = Refinement(patches, truth)
        refinement.refine(with_local=False)
        agreement = refinement.measure()
        for slope, information in zip(agreement.gradient, refinement.spectra.information(patches), strict=True):
            ratios.append(np.sum(slope * (np.linalg.pinv(information) @ slope)) / (2 * (patches.frames - 1)))
    # 504 squares of normal deviates scatter by 6 %; the fit takes off a ninth, small patches with faded edges add some
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.35)
