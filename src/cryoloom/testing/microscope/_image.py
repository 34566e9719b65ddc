"""The image before electrons are counted: the specimen projected, damaged, imaged and moved, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope import _background as background
from cryoloom.testing.microscope import _kernels as kernels
from cryoloom.testing.microscope._field import OVERSAMPLING, Field
from cryoloom.testing.microscope._motion import Drift
from cryoloom.testing.microscope._optics import ContrastTransfer
from cryoloom.testing.microscope._parameters import MicroscopeParameters
from cryoloom.testing.microscope._projection import Projector
from cryoloom.testing.microscope._scattering import damage_basis
from cryoloom.testing.microscope._scene import Scene
from cryoloom.testing.microscope._specimen import Specimen

BLUR_STEP = 0.4
"""Pixels that the specimen moves in a part of a frame that is rendered at once …"""

BLUR_PARTS = 6
"""… unless that takes more than so many parts."""


def render_frames(
    *,
    specimen: Specimen,
    scene: Scene,
    transfer: ContrastTransfer,
    drift: Drift,
    parameters: MicroscopeParameters,
    magnification: NDArray[np.float64],
    damage_scale: float,
    seed: int,
) -> Iterator[NDArray[np.float32]]:
    """Yield the contrast (y, x) about 1 of each frame of a movie, before electrons are counted.

    Damage at every dose is a combination of few curves, so as many transforms of the field serve all frames: the cost
    is O(N log N) for N samples of the field, plus O(N) a frame.

    Parameters
    ----------
    specimen, scene, transfer, drift : what is imaged, and how
    parameters : of detector and grid
    magnification : (2, 2) from offsets (x, y) about the detector's middle to those in the undistorted field
    damage_scale : of the critical dose
    seed : of the ice and of particles' shapes
    """
    detector, grid = parameters.detector, parameters.grid
    quarters = len(detector.mtf) - 1
    field = Field(
        width=detector.width,
        height=detector.height,
        pixel_size=detector.pixel_size,
        margin=drift.reach + 4 + int(np.abs(magnification - np.eye(2)).max() * max(detector.width, detector.height)),
        limit=0.125 * quarters / detector.pixel_size,
        magnification=magnification,
    )
    random = np.random.default_rng(seed)
    mtf = np.interp(field.table * 8.0 * detector.pixel_size, np.arange(quarters + 1), detector.mtf)
    envelope = transfer.envelope(field.table) * mtf
    dose = np.asarray((np.arange(detector.frame_count) + 0.5) * detector.dose_per_frame)
    damage, frame_weights = damage_basis(field.table, dose, transfer.voltage, damage_scale)
    parts = _form_parts(field, specimen, scene, transfer, envelope, mtf, damage, grid.ice_static_fraction, random)
    noise = background.changing_ice(field, scene, transfer, envelope, 1.0 - grid.ice_static_fraction, random)

    nodes = drift.local_at_nodes()
    coefficients = np.empty(field.shape, dtype=np.float32)
    for frame, weights in enumerate(frame_weights.astype(np.float32)):
        kernels.combine(parts, weights, coefficients)
        contrast = next(noise)
        velocity = drift.velocities[frame]
        steps = min(max(1, int(np.ceil(np.linalg.norm(velocity) / BLUR_STEP))), BLUR_PARTS)
        for step in range(steps):
            shift = drift.shifts[frame] + ((step + 0.5) / steps - 0.5) * velocity
            kernels.warp(
                coefficients,
                OVERSAMPLING,
                field.margin,
                magnification,
                shift,
                nodes[frame],
                drift.node_spacing,
                1.0 / steps,
                contrast,
            )
        yield contrast


def _form_parts(
    field: Field,
    specimen: Specimen,
    scene: Scene,
    transfer: ContrastTransfer,
    envelope: NDArray[np.float64],
    mtf: NDArray[np.float64],
    damage: NDArray[np.float64],
    static_fraction: float,
    random: np.random.Generator,
) -> NDArray[np.float32]:
    """Image the specimen once for each damage curve.

    Returns
    -------
    (rank, y, x) cubic B-spline coefficients of the fields whose combinations are the frames
    """
    lasting = background.lasting_ice(field, scene, transfer, static_fraction, random)
    objects = background.lasting_objects(field, scene, transfer, random)
    if objects is not None:
        lasting[0] += objects
    lost = background.absorption(field, scene)
    absorption = np.empty((0, *lasting.shape[1:]), dtype=np.complex64) if lost is None else lost[None]

    quadratures = 2 if np.any(scene.particles.heights) else 1
    particles = np.zeros((quadratures, *field.shape), dtype=np.float32)
    Projector(specimen, field.sampling, transfer).add(
        scene.particles, field.samples(scene.particles.positions), particles, random
    )
    spectra = np.empty((damage.shape[0], *lasting.shape[1:]), dtype=np.complex64)
    kernels.form_spectra(
        field.transform(particles),
        lasting,
        absorption,
        transfer.aberration(field.vertical, field.horizontal),
        field.vertical,
        field.horizontal,
        field.table[1],
        envelope.astype(np.float32),
        mtf.astype(np.float32),
        damage.astype(np.float32),
        damage[:, 0].astype(np.float32),
        spectra,
    )
    prefilter = np.outer(_spline(field.vertical * field.sampling), _spline(field.horizontal * field.sampling))
    seen = (np.abs(field.vertical) < field.limit)[:, None] / prefilter
    if transfer.has_odd_aberrations:
        spectra *= (seen * np.exp(1j * transfer.odd_aberration(field.vertical, field.horizontal))).astype(np.complex64)
    else:
        spectra *= seen.astype(np.float32)
    return field.inverse(spectra)


def _spline(cycles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Transform of the cubic B-spline at the samples: what turns coefficients into values."""
    return np.asarray((2.0 + np.cos(2.0 * np.pi * cycles)) / 3.0)
