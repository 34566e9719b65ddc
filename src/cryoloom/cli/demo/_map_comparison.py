"""The map and the poses of the particles against what the simulation knows."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.cli.demo._comparison import MATCH_WITHIN
from cryoloom.protocols.resolutions import ends_at_nyquist

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from cryoloom.cli.demo._map import MapRuns
    from cryoloom.engine.alignment import MapFit, RigidMotion
    from cryoloom.engine.fsc import ShellCorrelation
    from cryoloom.runtime import Project

_ALIGNED_TO = 15.0  # Å, of the alignment of map to truth, and of the mask that is made from the truth
_MASK_LEVEL, _MASK_GROWTH, _MASK_EDGE = 0.2, 2.0, 6.0  # of the truth's largest density; voxels; voxels
_TRUTH_THRESHOLD = 0.5


@dataclass(frozen=True)
class MapComparison:
    """Found against true.

    Parameters
    ----------
    extracted, kept : particles before and after the choice of classes
    true_share : of the kept ones that show a particle of the simulation, within a fifth of the diameter
    classes, classes_kept : how many there are
    agreement : least correlation of the first maps of independent runs; None if there was one run
    symmetry, true_symmetry : proposed, and of the specimen
    mirrored : the map is the mirror image of the specimen, which a first map cannot know
    resolution : up to which the half maps agree by their corrected correlation, in Å; None: no evidence of signal
    resolution_against_truth : where the correlation with the truth falls below 0.5, in Å; None: nowhere above it
    pixel_size : of the map, in Å
    frequency, against_truth : that curve, 1/Å
    pose_error, pose_error_ninetieth : angle in degrees between found and true orientation, the least over the symmetry
    """

    extracted: int
    kept: int
    true_share: float
    classes: int
    classes_kept: int
    agreement: float | None
    symmetry: str
    true_symmetry: str
    mirrored: bool
    resolution: float | None
    resolution_against_truth: float | None
    pixel_size: float
    frequency: tuple[float, ...]
    against_truth: tuple[float, ...]
    pose_error: float
    pose_error_ninetieth: float

    def as_document(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)

    def sentences(self) -> list[str]:
        """For people."""
        kept = f"{self.kept} of {self.extracted} particles, in {self.classes_kept} of {self.classes} classes"
        confirmed = "" if self.agreement is None else f"found again by an independent run ({self.agreement:.2f}), "
        true = "as is true" if self.symmetry == self.true_symmetry else f"but the specimen has {self.true_symmetry}"
        halves = (
            "no evidence of signal"
            if self.resolution is None
            else f"{self.resolution:.2f} Å by its half maps (at 0.143)"
        )
        nowhere = self.resolution_against_truth is None
        truth = (
            "nowhere like the truth" if nowhere else f"{self.resolution_against_truth:.2f} Å against the truth (at 0.5)"
        )
        finest = min(self.resolution or math.inf, self.resolution_against_truth or math.inf)
        bound = "; its pixels hold no more" if ends_at_nyquist(finest, self.pixel_size) else ""
        hand = "the mirror image of the specimen, as a first map may be; so its mirror image was compared"
        error, ninetieth = self.pose_error, self.pose_error_ninetieth
        return [
            f"kept           {kept}; {self.true_share:.1%} of these are true",
            f"first map      {confirmed}symmetry {self.symmetry}, {true}",
            f"map            {halves}, {truth}{bound}",
            f"hand           {hand if self.mirrored else 'that of the specimen, by chance'}",
            f"poses          {error:.1f}° from the truth in the median, nine of ten within {ninetieth:.1f}°",
        ]


def compare_map_with_truth(project: Project, runs: MapRuns, truth_folder: Path, *, threads: int = 2) -> MapComparison:
    """Compare the map of a demonstration, as refined and unfiltered, with its specimen."""
    from cryoloom.formats import read_volume
    from cryoloom.testing.microscope import load_specimen

    session = json.loads((truth_folder / "session.json").read_text(encoding="utf-8"))
    specimen = load_specimen(session["specimen"]["name"])
    (volume,) = runs.fine.outputs["volumes"].to_polars().rows(named=True)
    (resolution,) = runs.sharpened.outputs["volumes"].to_polars(columns=["resolution"])["resolution"]
    pixel_size = volume["pixel_size"]
    truth = specimen.density_map(volume["box_size"], pixel_size)
    found = read_volume(project.path / volume["file"])
    fit, curve = against_truth(found, truth, pixel_size=pixel_size, diameter=specimen.diameter, threads=threads)
    particles = runs.fine.outputs["particles"].to_polars()
    errors = pose_errors(
        particles, _movies_of(project), truth_folder, fit.motion, group=specimen.symmetry, diameter=specimen.diameter
    )
    agreements = runs.first.outputs["classes"].to_polars()
    classes = runs.classes.outputs["classes"]
    return MapComparison(
        extracted=len(runs.classes.outputs["particles"]),
        kept=particles.height,
        true_share=len(errors) / particles.height,
        classes=len(classes),
        classes_kept=len(runs.chosen.outputs["classes"]),
        agreement=float(agreements["confidence"].min()) if "confidence" in agreements.columns else None,
        symmetry=volume["symmetry"],
        true_symmetry=specimen.symmetry,
        mirrored=fit.motion.inverted,
        resolution=resolution,
        resolution_against_truth=curve.resolution(_TRUTH_THRESHOLD),
        pixel_size=pixel_size,
        frequency=tuple(curve.frequency.tolist()),
        against_truth=tuple(curve.correlation.tolist()),
        pose_error=float(np.median(errors)) if len(errors) else math.nan,
        pose_error_ninetieth=float(np.quantile(errors, 0.9)) if len(errors) else math.nan,
    )


def against_truth(
    volume: NDArray[np.float32], truth: NDArray[np.float32], *, pixel_size: float, diameter: float, threads: int = 1
) -> tuple[MapFit, ShellCorrelation]:
    """Bring a map onto the truth, or its mirror image if that fits better, and correlate both within the truth's mask.

    Parameters
    ----------
    volume, truth : (n, n, n), the map neither masked nor filtered
    pixel_size, diameter : in Å
    threads : threads to use
    """
    from cryoloom.engine.alignment import fit_map, move_map
    from cryoloom.engine.fsc import fourier_shell_correlation
    from cryoloom.engine.maps import low_pass, threshold_mask

    smooth = low_pass(truth, _ALIGNED_TO, pixel_size=pixel_size)
    mask = threshold_mask(smooth, _MASK_LEVEL * float(smooth.max()), extension=_MASK_GROWTH, edge=_MASK_EDGE)
    fit = fit_map(
        volume,
        truth,
        pixel_size=pixel_size,
        resolution=_ALIGNED_TO,
        diameter=1.2 * diameter,
        mirror=True,
        threads=threads,
    )
    moved = move_map(volume, fit.motion, pixel_size=pixel_size, threads=threads)
    return fit, fourier_shell_correlation(moved, truth, pixel_size=pixel_size, mask=mask, threads=threads)


def pose_errors(
    particles: pl.DataFrame,
    movies: dict[int, tuple[str, float]],
    truth_folder: Path,
    motion: RigidMotion,
    *,
    group: str,
    diameter: float,
) -> NDArray[np.float64]:
    """Angles in degrees between found and true orientations, of the particles that lie where there is one.

    Parameters
    ----------
    particles : with poses in the map
    movies : id of a micrograph → stem of its movie's name, and its pixel size in Å
    truth_folder : of the session
    motion : that brings the map onto the truth
    group, diameter : of the specimen
    """
    from cryoloom.engine.alignment import move_poses
    from cryoloom.engine.orientations import angular_distance, rotation_matrices
    from cryoloom.engine.symmetry import point_group

    shifts = particles.select("shift_x", "shift_y").to_numpy()
    angles, shifts = move_poses(particles.select("rot", "tilt", "psi").to_numpy(), shifts, motion)
    micrographs = particles["micrograph_id"].to_numpy()
    errors = []
    for micrograph in np.unique(micrographs):
        stem, pixel_size = movies[int(micrograph)]
        known = json.loads((truth_folder / f"{stem}.json").read_text(encoding="utf-8"))["particles"]
        mine = micrographs == micrograph
        places = particles.filter(mine).select("x", "y").to_numpy() - shifts[mine] / pixel_size
        true = np.array([(one["x"], one["y"], one["rot"], one["tilt"], one["psi"]) for one in known])
        distance = np.hypot(*(true[None, :, :2] - places[:, None]).transpose(2, 0, 1)) * pixel_size
        nearest = distance.argmin(axis=1)
        near = distance[np.arange(len(nearest)), nearest] < MATCH_WITHIN * diameter
        rotations = (rotation_matrices(angles[mine][near]), rotation_matrices(true[nearest[near], 2:]))
        errors.append(angular_distance(*rotations, point_group(group).operators))
    return np.concatenate(errors)


def _movies_of(project: Project) -> dict[int, tuple[str, float]]:
    (motion,) = (run for run in project.runs() if run.record.protocol == "motion")
    rows = motion.outputs["micrographs"].to_polars(columns=["id", "movie_file", "pixel_size"]).rows()
    return {identity: (Path(movie).stem, pixel_size) for identity, movie, pixel_size in rows}
