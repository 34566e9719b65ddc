"""What the processing found against what the simulation knows."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import CTF, Coordinate, Micrograph
from cryoloom.protocols.sets import Curate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.runtime import Project

MATCH_WITHIN = 0.2  # diameters


@dataclass(frozen=True, slots=True)
class Comparison:
    """Found against true.

    Parameters
    ----------
    movies, micrographs, particles : counts
    motion_error, uncorrected_motion : RMS over frames of the motion, local motion included, at 7 × 7 points of the
        specimen, in pixels
    defocus_error : RMS of the mean defocus, in Å
    precision, recall : of picking, matched one to one within a fifth of the diameter; particles that the edge of a
        micrograph cuts neither count nor cost
    centre_error : RMS distance of matched picks from the true centres, in Å
    """

    movies: int
    micrographs: int
    particles: int
    motion_error: float
    uncorrected_motion: float
    defocus_error: float
    precision: float
    recall: float
    centre_error: float

    def as_document(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)

    def sentences(self) -> list[str]:
        """For people."""
        uncorrected = f"(uncorrected {self.uncorrected_motion:.2f} px)"
        return [
            f"motion         {self.motion_error:.2f} px RMS from the truth {uncorrected}",
            f"defocus        {self.defocus_error:.0f} Å RMS from the truth, over {self.micrographs} micrographs",
            f"picking        {self.recall:.0%} of the particles found, {self.precision:.0%} of the picks are particles",
            f"centres        {self.centre_error:.1f} Å RMS from the truth",
            f"extracted      {self.particles} particles from {self.movies} movies",
        ]


def compare_with_truth(project: Project, truth_folder: Path) -> Comparison:
    """Compare the results of a demonstration with the truth beside its movies."""
    session = json.loads((truth_folder / "session.json").read_text(encoding="utf-8"))
    reach = MATCH_WITHIN * session["specimen"]["diameter"] / session["parameters"]["detector"]["pixel_size"]
    made = [run for run in project.runs() if run.record.protocol != Curate.id]  # which makes nothing new
    kinds = {output.kind: output for run in made for output in run.outputs.values()}
    picks: dict[int, list[Coordinate]] = {}
    for pick in kinds["coordinates"]:
        assert isinstance(pick, Coordinate)  # noqa: S101
        picks.setdefault(pick.micrograph_id, []).append(pick)
    fits = {ctf.id: ctf for ctf in kinds["ctfs"] if isinstance(ctf, CTF)}
    motion_errors, uncorrected, defocus_errors, distances = [], [], [], []
    found = picked = true = 0
    for micrograph in kinds["micrographs"]:
        assert isinstance(micrograph, Micrograph)  # noqa: S101
        truth = json.loads((truth_folder / f"{Path(micrograph.movie_file).stem}.json").read_text(encoding="utf-8"))
        error, none = _motion_errors(project.path / micrograph.motion_file, truth["drift"])
        motion_errors.append(error)
        uncorrected.append(none)
        fit = fits[micrograph.id]
        mean = (truth["ctf"]["defocus_u"] + truth["ctf"]["defocus_v"]) / 2
        defocus_errors.append((fit.defocus_u + fit.defocus_v) / 2 - mean)
        chosen = picks.get(micrograph.id, [])
        wanted, others = _by_edge(truth["particles"], micrograph, 2.5 * reach)
        matched = _match([(p.x, p.y) for p in chosen], wanted, reach)
        cut = _match([(p.x, p.y) for p in chosen], others, reach)
        distances += [distance * micrograph.pixel_size for distance in matched]
        found, picked, true = found + len(matched), picked + len(chosen) - len(cut), true + len(wanted)
    return Comparison(
        movies=len(kinds["movies"]),
        micrographs=len(kinds["micrographs"]),
        particles=len(kinds["particles"]),
        motion_error=statistics.fmean(motion_errors),
        uncorrected_motion=statistics.fmean(uncorrected),
        defocus_error=_rms(defocus_errors),
        precision=found / max(1, picked),
        recall=found / max(1, true),
        centre_error=_rms(distances),
    )


def _by_edge(
    particles: list[dict[str, Any]], micrograph: Micrograph, radius: float
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Centres of particles that are wholly in the micrograph, and of those that its edge cuts, which do not count."""
    inside: list[tuple[float, float]] = []
    cut: list[tuple[float, float]] = []
    for particle in particles:
        x, y = particle["x"], particle["y"]
        whole = radius <= x < micrograph.width - radius and radius <= y < micrograph.height - radius
        (inside if whole and particle["to_be_found"] else cut).append((x, y))
    return inside, cut


def _motion_errors(motion_file: Path, truth: dict[str, Any]) -> tuple[float, float]:
    """RMS error of the motion at 7 × 7 points of the specimen, and of no correction; one constant a point removed."""
    import numpy as np

    from cryoloom.engine.motion import LocalModel, Motion
    from cryoloom.formats.relion import read_motion

    told = read_motion(motion_file)
    local = None if told.local_model is None else LocalModel.from_relion(*np.reshape(told.local_model, (2, -1)))
    motion = Motion(np.array([shift or (0.0, 0.0) for shift in told.global_shifts]), local)
    true = np.array(truth["displacement"])
    moved = -motion.shifts_at(np.array(truth["grid"]), (told.height, told.width))
    return _spread(moved - true), _spread(true)


def _spread(displacement: NDArray[np.float64]) -> float:
    """RMS over frames and points of a displacement (frame, point, 2), its mean over frames removed at each point."""
    varying = displacement - displacement.mean(axis=0)
    return math.sqrt((varying**2).sum(axis=-1).mean())


def _rms(values: list[float]) -> float:
    return math.sqrt(statistics.fmean(value * value for value in values)) if values else math.nan


def _match(picks: list[tuple[float, float]], wanted: list[tuple[float, float]], reach: float) -> list[float]:
    """Distances of a one-to-one matching, nearest pairs first."""
    pairs = sorted(
        (math.dist(pick, true), i, j)
        for i, pick in enumerate(picks)
        for j, true in enumerate(wanted)
        if abs(pick[0] - true[0]) <= reach and abs(pick[1] - true[1]) <= reach
    )
    used_picks: set[int] = set()
    used_true: set[int] = set()
    distances = []
    for distance, i, j in pairs:
        if distance <= reach and i not in used_picks and j not in used_true:
            used_picks.add(i)
            used_true.add(j)
            distances.append(distance)
    return distances
