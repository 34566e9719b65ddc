"""Compile every kernel once, so that nobody waits for it during a session."""

from __future__ import annotations

from collections.abc import Iterator


def warm_up() -> Iterator[str]:
    """Run each stage on a small made-up movie, in the types that detectors write.

    Yields
    ------
    The name of each stage, when its kernels are compiled and kept.
    """
    import numpy as np

    from cryoloom.engine.ctf import estimate_ctf
    from cryoloom.engine.extraction import ExtractionSettings, extract_particles
    from cryoloom.engine.gain import sum_frames
    from cryoloom.engine.motion import DetectorFrames, Exposure, MotionSettings, estimate_motion, sum_aligned
    from cryoloom.engine.picking import pick_particles

    random = np.random.default_rng(1)
    counts = random.poisson(3.0, (6, 512, 512))
    plain = counts.sum(axis=0).astype(np.float32)
    for stored in (np.int8, np.uint8, np.int16, np.uint16, np.float32):
        sum_frames(list(counts.astype(stored)))
    yield "reading of counts"
    for kind in (np.uint8, np.uint16, np.float32):  # signed counts are looked at as unsigned ones
        frames = DetectorFrames.of(counts.astype(kind))
        motion = estimate_motion(frames, MotionSettings(patches=(3, 3)), pixel_size=2.0)
        exposure = Exposure(dose_per_frame=1.0, voltage=300.0)
        plain = sum_aligned(frames, motion, pixel_size=2.0, exposure=exposure).plain
        yield f"motion of {np.dtype(kind).name} frames"
    _decode_electron_events()
    yield "electron events of EER movies"
    estimate_ctf(plain, pixel_size=2.0, voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)
    yield "CTF"
    pick_particles(plain, diameter=150.0, pixel_size=2.0)
    yield "picking"
    extract_particles(plain, [(256.0, 256.0)], ExtractionSettings(box_size=64, background_diameter=48.0))
    yield "extraction"
    _project_and_correlate()
    yield "projection and FSC"
    _look_for_poses()
    yield "poses of particles and their reconstruction"
    _classify()
    yield "2D classes"


def _decode_electron_events() -> None:
    """Decode one raw frame of 4 × 4 pixels in which no electron was seen: one run of sixteen, in seven bits."""
    import numpy as np

    from cryoloom.formats.eer._decode import PADDING, add_frames

    words = np.frombuffer(bytes([16, *bytes(3 + PADDING)]), "<u4").copy()
    for kind in (np.uint8, np.uint16):
        add_frames(words, np.array([0]), np.array([1]), (7, 2, 2, 0), np.zeros((4, 4), kind))


def _project_and_correlate() -> None:
    """Make an image of a map, and correlate the map with itself and in cones."""
    import numpy as np

    from cryoloom.engine.fsc import fourier_shell_correlation
    from cryoloom.engine.projection import project_volume
    from cryoloom.engine.validation import directional_correlation

    box = 16
    volume = np.random.default_rng(4).normal(size=(box,) * 3).astype(np.float32)
    project_volume(volume, np.zeros((1, 3)), pixel_size=2.0)
    fourier_shell_correlation(volume, volume, pixel_size=2.0)
    directional_correlation(*np.random.default_rng(3).normal(size=(2, box, box, box)), pixel_size=2.0, copies=1)


def _look_for_poses() -> None:
    """Score a few images against slices of a map, insert them, and symmetrise what was summed."""
    import numpy as np

    from cryoloom.engine.kernels import (
        best_of_all,
        extract_coefficients,
        extract_points,
        powers_of,
        score_candidates,
        shift_factors,
    )
    from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages
    from cryoloom.engine.optics import ContrastTransfer, ParticleOptics
    from cryoloom.engine.projection import volume_transform
    from cryoloom.engine.reconstruction import FourierSums
    from cryoloom.engine.symmetry import point_group

    box, radius, chosen = 16, 8, np.arange(2)
    images = np.random.default_rng(2).normal(size=(2, box, box)).astype(np.float32)
    optics = ParticleOptics.of([ContrastTransfer(300.0, 2.7, 0.1, 1e4, 1e4, 0.0)] * 2)
    particles = ParticleImages(images, optics, 2.0, 24.0)
    seen = particles.observe(chosen, radius, NoiseSpectrum.of_images(images))
    rotations = point_group("C2").operators
    factors = shift_factors(seen.frequencies, np.zeros((1, 2)), box)
    volume = volume_transform(np.ones((box,) * 3, np.float32))
    score_candidates(seen.masked, seen.transfer, volume, rotations, chosen, seen.frequencies, factors)
    sums = FourierSums(radius)
    sums.insert(seen.whole * seen.transfer, seen.transfer**2, rotations, seen.frequencies)
    sums.symmetrised(rotations).map(box)
    slices = extract_coefficients(volume, rotations, seen.frequencies)
    best_of_all(seen.masked, seen.transfer, slices, powers_of(slices), factors)
    extract_points(volume, rotations, np.ones((1, 3), np.float32))


def _classify() -> None:
    """Sort a few images of noise, with details fine enough to be looked at closely."""
    import numpy as np

    from cryoloom.engine.classes2d import Classes2DSettings, classify2d
    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.engine.optics import ContrastTransfer, ParticleOptics

    images = np.random.default_rng(3).normal(size=(4, 16, 16)).astype(np.float32)
    optics = ParticleOptics.of([ContrastTransfer(300.0, 2.7, 0.1, 1e4, 1e4, 0.0)] * 4)
    particles = ParticleImages(images, optics, 4.0, 40.0)
    list(classify2d(particles, Classes2DSettings(classes=2, mini_batches=0, full_passes=1)))
