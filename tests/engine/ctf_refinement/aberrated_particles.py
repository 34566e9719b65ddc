"""Particles made without the engine: Gaussian blobs, whose transforms are known, under the simulated optics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import mrcfile
import numpy as np
from scipy.spatial.transform import Rotation

from cryoloom.testing.microscope import ContrastTransfer

BOX, PIXEL = 64, 1.5
Chosen = np.ndarray | slice
WIDTH = 0.75  # Å, of a blob
MICROSCOPE = ContrastTransfer(
    defocus_u=9000.0,
    defocus_v=8600.0,
    defocus_angle=25.0,
    phase_shift=0.0,
    voltage=300.0,
    spherical_aberration=2.7,
    amplitude_contrast=0.1,
    b_factor=0.0,
)


@dataclass
class Scene:
    """Images (n, box, box) and the truth."""

    images: np.ndarray
    angles: np.ndarray
    shifts: np.ndarray
    transfers: list[ContrastTransfer]
    micrograph: np.ndarray
    half_sets: np.ndarray

    @property
    def rotations(self) -> np.ndarray:
        return matrices(self.angles)


def matrices(angles: np.ndarray) -> np.ndarray:
    return Rotation.from_euler("ZYZ", angles, degrees=True).as_matrix().transpose(0, 2, 1)


def blobs(count: int = 40, radius: float = 22.0) -> tuple[np.ndarray, np.ndarray]:
    """Places (count, 3) x, y, z in Å within a ball, and weights."""
    random = np.random.default_rng(11)
    places = random.normal(size=(4 * count, 3)) * radius / 2
    places = places[np.linalg.norm(places, axis=1) < radius][:count]
    return places, random.uniform(0.5, 1.5, count)


def volume(box: int = BOX, pixel: float = PIXEL, *, chosen: Chosen = slice(None), width: float = WIDTH) -> np.ndarray:
    """The map (z, y, x) of the blobs, or of some of them."""
    axis = (np.arange(box) - box // 2) * pixel
    places, weights = (each[chosen] for each in blobs())
    x, y, z = (np.exp(-0.5 * ((axis - p[:, None]) / width) ** 2) for p in places.T)
    return np.einsum("p,pz,py,px->zyx", weights, z, y, x).astype(np.float32)


def make_scene(
    *,
    micrographs: int = 6,
    each: int = 50,
    noise: float = 2.0,
    seed: int = 1,
    magnification: np.ndarray | None = None,
    heights: float = 0.0,
    box: int = BOX,
    pixel: float = PIXEL,
    even: np.ndarray | None = None,
    chosen: Chosen = slice(None),
    width: float = WIDTH,
    **optics: object,
) -> Scene:
    """Particles of micrographs whose defoci differ, each at its own height (standard deviation in Å)."""
    random = np.random.default_rng(seed)
    count = micrographs * each
    angles = Rotation.random(count, random).as_euler("ZYZ", degrees=True)
    shifts = random.normal(0, 1.5, (count, 2))
    micrograph = np.repeat(np.arange(micrographs), each)
    of_micrograph = random.uniform(-3000, 6000, micrographs)
    turn = random.uniform(0, 180, micrographs)
    raised = random.normal(0, heights, count) if heights else np.zeros(count)
    base = replace(MICROSCOPE, **optics)
    transfers = [
        replace(
            base,
            defocus_u=base.defocus_u + of_micrograph[m] + h,
            defocus_v=base.defocus_v + of_micrograph[m] + h,
            defocus_angle=turn[m],
        )
        for m, h in zip(micrograph, raised, strict=True)
    ]
    ky, kx = np.fft.fftfreq(box, pixel), np.fft.rfftfreq(box, pixel)
    grid = np.stack(np.meshgrid(kx, ky), axis=-1)  # (y, x, 2)
    there = grid if magnification is None else grid @ np.asarray(magnification).T
    squared = (there**2).sum(axis=-1)
    damping = np.exp(-2 * np.pi**2 * width**2 * squared) * (2 * np.pi) ** 1.5 * width**3
    places, weights = (each[chosen] for each in blobs())
    images = np.empty((count, box, box), np.float32)
    rotations = matrices(angles)
    for n in range(count):
        flat = places @ rotations[n].T[:, :2]
        if magnification is not None:
            flat = flat @ np.asarray(magnification)
        wave_x, wave_y = (np.exp(-2j * np.pi * np.outer(k, p)) for k, p in zip((kx, ky), flat.T, strict=True))
        phase = (wave_y * weights) @ wave_x.T * damping * contrast(transfers[n], there, even) / pixel**3
        phase = phase * np.exp(2j * np.pi * (grid @ shifts[n]))
        images[n] = np.fft.fftshift(np.fft.irfft2(phase, s=(box, box)))
    images += noise * images.std() * random.normal(size=images.shape)
    return Scene(images.astype(np.float32), angles, shifts, transfers, micrograph, 1 + np.arange(count) % 2)


def contrast(own: ContrastTransfer, there: np.ndarray, even: np.ndarray | None) -> np.ndarray:
    """Transfer at frequencies (y, x, 2) of the specimen, odd aberrations as a factor; one frequency at a time."""
    kx, ky = there[..., 0].ravel(), there[..., 1].ravel()
    twice = np.radians(2 * own.defocus_angle)
    mean, half = 0.5 * (own.defocus_u + own.defocus_v), 0.5 * (own.defocus_u - own.defocus_v)
    length = 12.2643 / np.sqrt(own.voltage * 1e3 * (1 + 0.978466e-6 * own.voltage * 1e3))
    defocus = mean * (kx**2 + ky**2) + half * ((kx**2 - ky**2) * np.cos(twice) + 2 * kx * ky * np.sin(twice))
    chi = np.pi * length * defocus - 0.5 * np.pi * own.spherical_aberration * 1e7 * length**3 * (kx**2 + ky**2) ** 2
    if even is not None:
        chi = chi - even(kx, ky)
    coma = -2 * np.pi * own.spherical_aberration * 1e7 * length**2 * (kx**2 + ky**2)
    odd = coma * 1e-3 * (kx * own.beam_tilt[0] + ky * own.beam_tilt[1])
    _, _, sine, _, _, cosine = own.odd_zernike
    odd = odd + sine * (3 * kx**2 * ky - ky**3) + cosine * (kx**3 - 3 * kx * ky**2)
    return (np.sin(chi + np.arcsin(own.amplitude_contrast)) * np.exp(1j * odd)).reshape(there.shape[:2])


def write_scene(folder: Path, scene: Scene, defocus: np.ndarray | float = 0.0, *, halves: bool = True) -> Path:
    """Write half1.mrc, half2.mrc, particles.mrcs and particles.star, with defoci that are wrong by so much."""
    count = len(scene.images)
    for name, data in (("particles.mrcs", scene.images), ("half1.mrc", volume()), ("half2.mrc", noisy_volume())):
        with mrcfile.new(folder / name, data, overwrite=True) as file:
            if name.endswith("s"):
                file.set_image_stack()
            file.voxel_size = PIXEL
    wrong = np.broadcast_to(defocus, count)
    rows = []
    for n, (own, angles, shifts) in enumerate(zip(scene.transfers, scene.angles, scene.shifts, strict=True)):
        numbers = (*angles, *shifts, own.defocus_u + wrong[n], own.defocus_v + wrong[n], own.defocus_angle)
        words = [f"{n + 1:06d}@particles.mrcs", f"mic{scene.micrograph[n]}.mrc", "1", str(scene.half_sets[n])]
        rows.append(" ".join([*words[: 4 if halves else 3], *(f"{number:.6f}" for number in numbers)]))
    labels = ["ImageName", "MicrographName", "OpticsGroup", *(["RandomSubset"] if halves else [])]
    labels += [
        "AngleRot",
        "AngleTilt",
        "AnglePsi",
        "OriginXAngst",
        "OriginYAngst",
        "DefocusU",
        "DefocusV",
        "DefocusAngle",
    ]
    optics = ["OpticsGroupName", "OpticsGroup", "Voltage", "SphericalAberration", "AmplitudeContrast"]
    optics += ["ImagePixelSize", "ImageSize", "ImageDimensionality"]

    def table(name: str, names: list[str], lines: list[str]) -> str:
        return f"data_{name}\n\nloop_\n" + "".join(f"_rln{each}\n" for each in names) + "\n".join(lines) + "\n\n"

    star = folder / "particles.star"
    text = table("optics", optics, [f"all 1 300 2.7 0.1 {PIXEL} {BOX} 2"]) + table("particles", labels, rows)
    star.write_text("# version 30001\n\n" + text)
    return star


def noisy_volume() -> np.ndarray:
    """The map with a trace of noise, since two half maps are never the same."""
    map_ = volume()
    return map_ + np.random.default_rng(9).normal(0, 1e-3 * map_.std(), map_.shape).astype(np.float32)
