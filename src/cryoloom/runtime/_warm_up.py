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
    from cryoloom.engine.motion import DetectorFrames, Exposure, MotionSettings, estimate_motion, sum_aligned
    from cryoloom.engine.picking import pick_particles

    random = np.random.default_rng(1)
    counts = random.poisson(3.0, (6, 512, 512))
    plain = counts.sum(axis=0).astype(np.float32)
    for kind in (np.uint8, np.uint16, np.float32):
        frames = DetectorFrames.of(counts.astype(kind))
        motion = estimate_motion(frames, MotionSettings(patches=(3, 3)), pixel_size=2.0)
        exposure = Exposure(dose_per_frame=1.0, voltage=300.0)
        plain = sum_aligned(frames, motion, pixel_size=2.0, exposure=exposure).plain
        yield f"motion of {np.dtype(kind).name} frames"
    estimate_ctf(plain, pixel_size=2.0, voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)
    yield "CTF"
    pick_particles(plain, diameter=150.0, pixel_size=2.0)
    yield "picking"
    extract_particles(plain, [(256.0, 256.0)], ExtractionSettings(box_size=64, background_diameter=48.0))
    yield "extraction"
