"""How well are particles picked when only their diameter is known? RELION's LoG picker beside it.

    python bench/picking.py [--full] [--tiers easy standard] [--seeds 7101 7102 7103] [--movies 3] [--json FILE]

Movies are summed with their true motion, so that picking alone is measured. Picks and particles are matched one to one
within 0.2 diameters. Particles to be found are intact and lie in the field with all of their diameter; broken,
denatured and cut-off ones neither count nor cost. RELION is told a diameter from 0.8 to 1.1 of the true one and given
its default threshold. The real micrograph is `fei-extended.mrc`, looked for below CRYOLOOM_TEST_DATA or in
``../shared/data`` beside the checkout; there picks of either program count as found by the other within a quarter of a
diameter, and what lies nearer to the edge than half a diameter, where RELION picks and cryoloom does not, is left out.
"""

from __future__ import annotations

import bz2
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import reporting
from scipy.fft import irfft2, rfft2
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from cryoloom.engine.gain import find_outlier_pixels, plan_repair, repair_frame
from cryoloom.engine.picking import pick_particles
from cryoloom.formats import read_image, read_star, write_image
from cryoloom.testing.microscope import ExposureTruth, MicroscopeParameters, SimulatedMicroscope, Tier

BORDER = 16  # pixels that not all frames saw
REAL_DIAMETER = 150.0
HARMLESS = ("broken", "denatured")


@dataclass(frozen=True)
class Field:
    image: np.ndarray
    pixel_size: float
    diameter: float
    positions: np.ndarray
    states: np.ndarray
    contaminants: list[tuple[str, float, float, float]]
    carbon: dict | None
    truth: ExposureTruth

    @property
    def pixels(self):
        """Diameter in pixels."""
        return self.diameter / self.pixel_size


@dataclass(frozen=True)
class Score:
    wanted: int
    picked: int
    hits: int
    excused: int
    on_contaminants: int
    squared_error: float  # sum over hits, in squared diameters
    seconds: float


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--tiers", nargs="+", default=["easy", "standard", "hard"])
    reporting.seed_option(parser)
    parser.add_argument("--movies", type=int)
    parser.add_argument("--json", type=Path, help="write the figures of every micrograph here")
    options = parser.parse_args()
    movies = options.movies or (10 if options.full else 3)
    warm_up()
    records = []
    for tier in options.tiers:
        for seed in options.seeds:
            fields = simulate(tier, seed, movies)
            ours = [timed(pick_ours, field) for field in fields]
            theirs, seconds = relion(fields)
            for number, field in enumerate(fields):
                records.append(record(tier, seed, number, "cryoloom", field, *ours[number]))
                records.append(record(tier, seed, number, "RELION LoG", field, theirs[number], seconds))
            print(f"{tier} {seed} done", file=sys.stderr, flush=True)
    print(reporting.seeds_line(options.seeds))
    print(f"{movies} movies a seed; the mean (the worst seed).\n")
    rows = []
    for tier in options.tiers:
        rows += [
            row(tier, program, [one for one in records if (one["tier"], one["program"]) == (tier, program)])
            for program in ("cryoloom", "RELION LoG")
        ]
    headings = ("tier", "program", "recall", "precision", "centre RMS / diameter", "on contaminants", "s a micrograph")
    print(reporting.table(headings, rows))
    empties = [empty(seed) for seed in options.seeds]
    print(f"Empty micrographs: {', '.join(str(one) for one in empties)} picks.")
    held = [
        *simulated_promises(records),
        reporting.promise("picks of an empty micrograph", max(empties), ".0f", most=5),
    ]
    path = reporting.real_data("micrographs/fei-extended.mrc.bz2")
    if path is None:
        print(reporting.not_measured("picks of `fei-extended`", "the real micrograph is not at hand"))
    else:
        text, agreements, share = real(path)
        print(text)
        held += [
            reporting.promise("real micrograph: ours among RELION's", 100 * agreements[0], ".0f %", least=70),
            reporting.promise("… RELION's among ours", 100 * agreements[1], ".0f %", least=70),
            reporting.promise("… with random phases, of as many", 100 * share, ".0f %", most=25),
        ]
    print(reporting.promises(held))
    if options.json is not None:
        options.json.write_text(json.dumps({"micrographs": records, "empty": empties}, indent=1) + "\n")


def warm_up() -> None:
    """Compile and plan before anything is timed."""
    pick_particles(np.random.default_rng(0).normal(size=(512, 512)), diameter=80, pixel_size=2)


def simulate(tier: str, seed: int, movies: int, *, particles: int | None = None) -> list[Field]:
    parameters = MicroscopeParameters.of_tier(Tier(tier))
    if particles is not None:
        parameters = replace(parameters, grid=replace(parameters.grid, particle_count=particles))
    microscope = SimulatedMicroscope(tier, seed=seed, parameters=parameters)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda number: field(microscope, number), range(1, movies + 1)))


def field(microscope: SimulatedMicroscope, number: int) -> Field:
    exposure = microscope.expose(seed=number)
    truth, document = exposure.truth, exposure.truth.as_document()
    shifts = truth.drift.global_shifts
    carbon = document["carbon"]
    return Field(
        image=summed(exposure, shifts)[BORDER:-BORDER, BORDER:-BORDER],
        pixel_size=exposure.pixel_size,
        diameter=microscope.specimen.diameter,
        positions=truth.coordinates(shifts) - BORDER,
        states=np.array([particle["state"] for particle in document["particles"]]),
        contaminants=[
            (one["kind"], one["x"] - BORDER, one["y"] - BORDER, one["radius"] / exposure.pixel_size)
            for one in document["contaminants"]
        ],
        carbon=None if carbon is None else carbon["outside_of_circle"],
        truth=truth,
    )


def summed(exposure, shifts: np.ndarray) -> np.ndarray:
    """The sum of the frames moved back by their true shifts, defects repaired as motion correction would."""
    frame_sum = exposure.counts.sum(axis=0, dtype=np.float32)
    defects = find_outlier_pixels(frame_sum, exposure.gain)
    repair = plan_repair(defects)
    rows, columns = frame_sum.shape
    frequency_y, frequency_x = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)
    total = np.zeros((rows, columns // 2 + 1), np.complex64)
    for number, (frame, (x, y)) in enumerate(zip(exposure.counts, shifts, strict=True)):
        corrected = frame * exposure.gain
        repair_frame(corrected, repair, number)
        total += rfft2(corrected.astype(np.float32)) * np.exp(2j * np.pi * (frequency_x * x + frequency_y * y))
    return np.ascontiguousarray(irfft2(total, s=(rows, columns)), np.float32)


def pick_ours(field: Field) -> np.ndarray:
    return pick_particles(field.image, diameter=field.diameter, pixel_size=field.pixel_size).coordinates


def timed(pick, field: Field) -> tuple[np.ndarray, float]:
    began = time.perf_counter()
    return pick(field), time.perf_counter() - began


def relion(fields: list[Field]) -> tuple[list[np.ndarray], float]:
    """Picks of RELION's LoG picker in each field, and its seconds a micrograph."""
    low, high = 0.8 * fields[0].diameter, 1.1 * fields[0].diameter
    return run_autopick([field.image for field in fields], fields[0].pixel_size, low, high)


def run_autopick(
    images: list[np.ndarray], pixel_size: float, smallest: float, largest: float
) -> tuple[list[np.ndarray], float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, image in enumerate(images):
            write_image(folder / f"m{number}.mrc", image, pixel_size=pixel_size)
        labels = ("OpticsGroupName", "OpticsGroup", "MicrographPixelSize", "Voltage", "SphericalAberration")
        optics = "".join(f"_rln{label}\n" for label in (*labels, "AmplitudeContrast"))
        rows = "".join(f"m{number}.mrc 1\n" for number in range(len(images)))
        (folder / "micrographs.star").write_text(
            f"\ndata_optics\n\nloop_\n{optics}one 1 {pixel_size} 300 2.7 0.07\n\n"
            f"data_micrographs\n\nloop_\n_rlnMicrographName\n_rlnOpticsGroup\n{rows}"
        )
        command = (
            "relion_autopick --i micrographs.star --odir log/ --pickname log --LoG --shrink 0 --lowpass 20 "
            f"--LoG_diam_min {smallest:.0f} --LoG_diam_max {largest:.0f}"
        )
        began = time.perf_counter()
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
        seconds = (time.perf_counter() - began) / len(images)
        return [coordinates(folder / "log" / f"m{number}_log.star") for number in range(len(images))], seconds


def coordinates(star: Path) -> np.ndarray:
    if not star.exists():
        return np.empty((0, 2))
    (table,) = read_star(star).values()
    return table.select("rlnCoordinateX", "rlnCoordinateY").to_numpy().astype(float)


def record(tier: str, seed: int, number: int, program: str, field: Field, picks: np.ndarray, seconds: float) -> dict:
    kept = picks[whole(picks, field)]  # RELION picks at the very edge too
    return {"tier": tier, "seed": seed, "movie": number, "program": program, **asdict(judge(kept, field, seconds))}


def whole(positions: np.ndarray, field: Field) -> np.ndarray:
    """Which positions have half a diameter of field around them."""
    margin = field.pixels / 2
    limits = np.array(field.image.shape[::-1]) - 1 - margin
    return ((positions >= margin) & (positions <= limits)).all(axis=1)


def judge(picks: np.ndarray, field: Field, seconds: float) -> Score:
    distance = cdist(picks, field.positions) / field.pixels
    chosen, particles = linear_sum_assignment(np.where(distance < 0.2, distance, 10.0))
    matched = distance[chosen, particles] < 0.2
    chosen, particles = chosen[matched], particles[matched]
    wanted = whole(field.positions, field) & (field.states == "intact")
    harmless = np.isin(field.states, HARMLESS) | (~whole(field.positions, field) & (field.states != "aggregated"))
    excused = (distance[:, harmless] < 0.5).any(axis=1)
    excused[chosen] = harmless[particles]
    hits = wanted[particles]
    return Score(
        wanted=int(wanted.sum()),
        picked=len(picks),
        hits=int(hits.sum()),
        excused=int(excused.sum()),
        on_contaminants=int(on_contaminants(picks, field).sum()),
        squared_error=float((distance[chosen, particles][hits] ** 2).sum()),
        seconds=seconds,
    )


def on_contaminants(picks: np.ndarray, field: Field) -> np.ndarray:
    """Which picks lie on gold, crystals, carbon or aggregates."""
    result = np.zeros(len(picks), bool)
    for kind, x, y, radius in field.contaminants:
        if kind != "ethane":
            result |= np.hypot(*(picks - (x, y)).T) < radius
    if field.carbon is not None:
        centre = np.array([field.carbon["x"], field.carbon["y"]]) - BORDER
        result |= np.hypot(*(picks - centre).T) > field.carbon["radius"]
    aggregated = field.positions[field.states == "aggregated"]
    if len(aggregated) and len(picks):
        result |= (cdist(picks, aggregated) < field.pixels / 2).any(axis=1)
    return result


def simulated_promises(records: list[dict]) -> list[reporting.Promise]:
    held = []
    for tier, limits in (("easy", (0.95, 0.95)), ("standard", (0.90, 0.85))):
        ours = [one for one in records if (one["tier"], one["program"]) == (tier, "cryoloom")]
        if not ours:
            continue
        recall, precision, error, dirty = figures(ours)
        held += [
            reporting.promise(f"{tier}, recall", min(recall), ".3f", least=limits[0]),
            reporting.promise(f"{tier}, precision", min(precision), ".3f", least=limits[1]),
        ]
        if tier == "easy":
            held.append(reporting.promise("easy, centre RMS / diameter", max(error), ".3f", most=0.05))
        else:
            held.append(reporting.promise("standard, on contaminants", 100 * max(dirty), ".1f %", most=5))
    return held


def figures(records: list[dict]) -> tuple[list[float], list[float], list[float], list[float]]:
    """Recall, precision, error and share on contaminants of each seed."""
    recall, precision, error, dirty = [], [], [], []
    for seed in sorted({one["seed"] for one in records}):
        of_seed = [one for one in records if one["seed"] == seed]
        total = {key: sum(one[key] for one in of_seed) for key in ("wanted", "picked", "hits", "excused")}
        recall.append(total["hits"] / total["wanted"])
        precision.append(total["hits"] / max(1, total["picked"] - total["excused"]))
        error.append(np.sqrt(sum(one["squared_error"] for one in of_seed) / max(1, total["hits"])))
        dirty.append(sum(one["on_contaminants"] for one in of_seed) / max(1, total["picked"]))
    return recall, precision, error, dirty


def row(tier: str, program: str, records: list[dict]) -> tuple[str, ...]:
    recall, precision, error, dirty = figures(records)
    seconds = np.median([one["seconds"] for one in records])
    return (
        tier,
        program,
        f"{np.mean(recall):.3f} ({min(recall):.3f})",
        f"{np.mean(precision):.3f} ({min(precision):.3f})",
        f"{np.mean(error):.3f} ({max(error):.3f})",
        f"{np.mean(dirty):.1%} ({max(dirty):.1%})",
        f"{seconds:.2f}",
    )


def empty(seed: int) -> int:
    return len(pick_ours(simulate("easy", seed, 1, particles=0)[0]))


def real(path: Path) -> tuple[str, list[float], float]:
    """What was found, in words; the shares that each program finds of the other's; and that left by random phases."""
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder) / "real.mrc"
        unpacked.write_bytes(bz2.decompress(path.read_bytes()))
        image = read_image(unpacked)
    pixel_size = 0.8538

    def pick(picture: np.ndarray) -> np.ndarray:
        return pick_particles(picture, diameter=REAL_DIAMETER, pixel_size=pixel_size).coordinates

    began = time.perf_counter()
    ours = pick(image)
    seconds = time.perf_counter() - began
    (theirs,), relion_seconds = run_autopick([image], pixel_size, 130, 180)
    scrambled = len(pick(with_random_phases(image)))
    near = cdist(*(inner(picks, image.shape, pixel_size) for picks in (ours, theirs))) * pixel_size < REAL_DIAMETER / 4
    agreements = [float(near.any(axis=axis).mean()) for axis in (1, 0)]
    text = (
        f"\nReal micrograph, {image.shape[1]} × {image.shape[0]} px: cryoloom {len(ours)} picks in {seconds:.1f} s, "
        f"RELION LoG (130 to 180 Å) {len(theirs)} in {relion_seconds:.1f} s; {agreements[0]:.0%} of ours are among "
        f"RELION's, {agreements[1]:.0%} of RELION's among ours; {scrambled} picks with random phases.\n"
    )
    return text, agreements, scrambled / len(ours)


def inner(picks: np.ndarray, shape: tuple[int, ...], pixel_size: float) -> np.ndarray:
    margin = REAL_DIAMETER / 2 * 1.1 / pixel_size
    return picks[((picks > margin) & (picks < np.array(shape[::-1]) - 1 - margin)).all(axis=1)]


def with_random_phases(image: np.ndarray) -> np.ndarray:
    noise = rfft2(np.random.default_rng(0).standard_normal(image.shape, np.float32))
    transform = np.abs(rfft2(image)) * noise / np.abs(noise)
    transform[0, 0] = image.sum()
    return irfft2(transform, s=image.shape).astype(np.float32)


if __name__ == "__main__":
    main()
