"""CTF estimation: accuracy on simulated micrographs and a real one, trust, and time.

    python bench/ctf.py [--seeds 301 302 303] [--micrographs 4] [--full] [--json]

Simulated micrographs are sums of non-dose-weighted frames, truly moved back. Errors are root mean squares in Å over the
micrographs of a seed: the median seed, and the worst. An error of the mean defocus above 1000 Å is *gross*; it counts
in the errors of the tiers, and is counted apart in the other conditions, whose share of gross errors is taken over all
of them together. Seconds of simulated micrographs are processor time, of one thread. The real micrograph is looked for
below CRYOLOOM_TEST_DATA, or in ``../shared/data`` beside the checkout.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from argparse import SUPPRESS
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402  # after its thread count has been set
import reporting  # noqa: E402

from cryoloom.engine.ctf import CTFFit, CTFSettings, estimate_ctf, predicted_memory  # noqa: E402
from cryoloom.testing.microscope import MicroscopeParameters, SimulatedMicroscope, Tier  # noqa: E402

GROSS = 1_000.0
ASTIGMATIC = 200.0
REFERENCE = {"mean": 10_517.0, "astigmatism": 117.0, "axis": 125.0, "ring": 3.7}  # of the real micrograph
TIERS = {"easy": Tier.EASY, "standard": Tier.STANDARD, "hard": Tier.HARD}
# Eight frames of the same dose in all take a third of the time to simulate, and give the same sum.
QUICK = {"frame_count": 8, "dose_per_frame": 4.5}
CONDITIONS: dict[str, dict[str, Any]] = {
    "0.4–1 µm": {"defocus": (4_000.0, 10_000.0)},
    "1–4 µm": {"defocus": (10_000.0, 40_000.0)},
    "200 kV, 0.4–4 µm": {"voltage": 200.0, "defocus": (4_000.0, 40_000.0)},
    "phase plate, 30–150°": {"defocus": (4_000.0, 20_000.0)},
    "tilt 20°": {"tilt": 20.0, "defocus": (6_000.0, 40_000.0)},
    "thick ice, 80–150 nm": {"ice_thickness": (800.0, 1_500.0), "ice_spread": True, "b_factor": (80.0, 150.0)},
}


@dataclass
class Errors:
    """What was found for the micrographs of one seed, held against the truth."""

    mean: list[float] = field(default_factory=list)
    u: list[float] = field(default_factory=list)
    v: list[float] = field(default_factory=list)
    angle: list[float] = field(default_factory=list)
    resolution: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    gross: int = 0
    gross_without_warning: int = 0
    warned: int = 0

    def summary(self) -> dict[str, float]:
        return {
            "mean": _rms(self.mean),
            "u": _rms(self.u),
            "v": _rms(self.v),
            "angle": max(self.angle, default=0.0),
            "resolution": statistics.median(self.resolution),
            "seconds": max(self.seconds),
        }


def main() -> None:
    parser = reporting.options(__doc__)
    reporting.seed_option(parser)
    parser.add_argument("--micrographs", type=int, help="a seed; by default 4, or 10 with --full")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--large", action="store_true", help=SUPPRESS)
    options = parser.parse_args()
    if options.large:
        measure_large()
        return
    count = options.micrographs or (10 if options.full else 4)

    results: dict[str, list[Errors]] = {}
    for name, tier in TIERS.items():
        parameters = MicroscopeParameters.of_tier(tier)
        results[name] = [
            measure(parameters, seed, count if tier is Tier.EASY else max(2, count // 2), name)
            for seed in options.seeds
        ]
    easy = MicroscopeParameters.of_tier(Tier.EASY).changed(**QUICK)
    for name, changes in CONDITIONS.items():
        results[name] = [
            measure(easy.changed(**changes), seed, count if options.full else max(2, count // 2), name)
            for seed in options.seeds
        ]
    real = measure_real()
    command = [sys.executable, __file__, "--large"]
    large = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    if options.json:
        simulated = {name: [asdict(seed) for seed in seeds] for name, seeds in results.items()}
        print(json.dumps({"simulated": simulated, "real": real, "large": large}, indent=2))
    else:
        print(reporting.seeds_line(options.seeds))
        print(_tables(results, real, large))
        print(reporting.promises([*simulated_promises(results), *real_promises(real)]))


def measure(parameters: MicroscopeParameters, seed: int, count: int, name: str) -> Errors:
    """Simulate micrographs and estimate each."""
    microscope = SimulatedMicroscope(seed=seed, parameters=parameters)
    optics = parameters.optics
    plate = name.startswith("phase plate")
    random = np.random.default_rng(seed)
    errors = Errors()
    for number in range(count):
        exposure = microscope.expose(phase_shift=float(random.uniform(30.0, 150.0)) if plate else 0.0)
        micrograph, truth = exposure.micrograph, exposure.truth
        began = time.process_time()
        fit = estimate_ctf(
            micrograph,
            pixel_size=exposure.pixel_size,
            voltage=optics.voltage,
            spherical_aberration=optics.spherical_aberration,
            amplitude_contrast=optics.amplitude_contrast,
            settings=CTFSettings(phase_shift_range=(0.0, 180.0) if plate else None),
        )
        errors.seconds.append(time.process_time() - began)
        # Pixels that are stated too large by 1 % show rings that need a defocus 2 % higher.
        scale = (exposure.pixel_size / truth.pixel_size) ** 2
        judge(
            errors, fit, truth.defocus_u * scale, truth.defocus_v * scale, truth.defocus_angle, apart=name not in TIERS
        )
        print(f"{name}, seed {seed}: {number + 1} of {count}", file=sys.stderr, flush=True)
    return errors


def judge(errors: Errors, fit: CTFFit, defocus_u: float, defocus_v: float, angle: float, *, apart: bool) -> None:
    """Hold one fit against the truth; gross errors are only counted if they are to be kept apart."""
    errors.resolution.append(fit.fit_resolution)
    errors.warned += bool(fit.warnings)
    mean = fit.mean_defocus - 0.5 * (defocus_u + defocus_v)
    if abs(mean) > GROSS:
        errors.gross += 1
        errors.gross_without_warning += not fit.warnings
        if apart:
            return
    errors.mean.append(mean)
    errors.u.append(fit.defocus_u - defocus_u)
    errors.v.append(fit.defocus_v - defocus_v)
    if defocus_u - defocus_v >= ASTIGMATIC:
        errors.angle.append(abs((fit.defocus_angle - angle + 90.0) % 180.0 - 90.0))


def simulated_promises(results: dict[str, list[Errors]]) -> list[reporting.Promise]:
    worst = {
        key: max(seed.summary()[key] for seed in results["easy"]) for key in ("mean", "u", "v", "angle", "seconds")
    }
    others = [seed for name, seeds in results.items() if name not in TIERS for seed in seeds]
    fits, gross = sum(len(seed.seconds) for seed in others), sum(seed.gross for seed in others)
    every = [seed for seeds in results.values() for seed in seeds]
    return [
        reporting.promise("easy, mean defocus, RMS", worst["mean"], ".0f Å", most=40),
        reporting.promise("easy, U, RMS", worst["u"], ".0f Å", most=75),
        reporting.promise("easy, V, RMS", worst["v"], ".0f Å", most=75),
        reporting.promise("easy, angle where U − V ≥ 200 Å, worst", worst["angle"], ".1f °", most=10),
        reporting.promise("easy, time of the slowest on one core", worst["seconds"], ".2f s", most=0.8),
        reporting.promise(f"gross errors of {fits} in other conditions", 100 * gross / fits, ".1f %", most=2),
        reporting.promise(
            "gross errors without a warning", sum(one.gross_without_warning for one in every), ".0f", most=0
        ),
    ]


def real_promises(real: dict[str, Any] | None) -> list[reporting.Promise]:
    if real is None:
        return []
    ring = np.inf if real["ice_ring"] is None else real["ice_ring"]["resolution"]
    axis = abs((real["angle"] - REFERENCE["axis"] + 90.0) % 180.0 - 90.0)
    quadrants = max(abs(one - real["mean"]) for one in real["quadrants"])
    return [
        reporting.promise(
            "`fei-extended`: mean defocus, off", abs(real["mean"] - REFERENCE["mean"]), ".0f Å", most=120
        ),
        reporting.promise("… U − V, off", abs(real["astigmatism"] - REFERENCE["astigmatism"]), ".0f Å", most=80),
        reporting.promise("… axis, off", axis, ".0f °", most=20),
        reporting.promise("… quadrants, off the whole", quadrants, ".0f Å", most=200),
        reporting.promise("… ice ring, off 3.7 Å", abs(ring - REFERENCE["ring"]), ".2f Å", most=0.15),
    ]


def measure_real() -> dict[str, Any] | None:
    """Estimate the real micrograph and its quadrants."""
    path = reporting.real_data("micrographs/fei-extended.mrc.bz2")
    if path is None:
        return None
    from cryoloom.formats import read_image

    micrograph = read_image(path)
    optics = {"pixel_size": 0.8538, "voltage": 300.0, "spherical_aberration": 2.7, "amplitude_contrast": 0.1}
    began = time.perf_counter()
    fit = estimate_ctf(micrograph, **optics)
    seconds = time.perf_counter() - began
    height, width = micrograph.shape
    quadrants = [
        estimate_ctf(micrograph[y : y + height // 2, x : x + width // 2], **optics).mean_defocus
        for y in (0, height // 2)
        for x in (0, width // 2)
    ]
    return {
        "mean": fit.mean_defocus,
        "astigmatism": fit.astigmatism,
        "angle": fit.defocus_angle,
        "fit_resolution": fit.fit_resolution,
        "ice_ring": None if fit.ice_ring is None else asdict(fit.ice_ring),
        "quadrants": quadrants,
        "seconds": seconds,
    }


def measure_large() -> None:
    """Time and memory of a micrograph of the K3's size, in a process of its own; its content does not matter."""
    shape, pixel_size = (4092, 5760), 0.83
    micrograph = np.random.default_rng(0).standard_normal(shape, np.float32)
    optics = {"voltage": 300.0, "spherical_aberration": 2.7, "amplitude_contrast": 0.07}
    times = []
    for threads in (1, 2, 1, 2, 1, 2):
        began = time.perf_counter()
        estimate_ctf(micrograph, pixel_size=pixel_size, threads=threads, **optics)
        times.append(time.perf_counter() - began)
    print(
        json.dumps(
            {
                "seconds, 1 thread": statistics.median(times[::2]),
                "seconds, 2 threads": statistics.median(times[1::2]),
                "peak memory, MB": _peak_memory() / 2**20,
                "declared memory, MB": predicted_memory(shape, pixel_size=pixel_size, threads=2) / 2**20,
            }
        )
    )


def _tables(results: dict[str, list[Errors]], real: dict[str, Any] | None, large: dict[str, float]) -> str:
    lines = [
        "| micrographs | n | mean | U | V | angle | gross | unwarned gross | warned | fit resolution | slowest, s |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, seeds in results.items():
        n = sum(len(seed.seconds) for seed in seeds)
        summaries = [seed.summary() for seed in seeds]
        columns = [
            f"{statistics.median(s[key] for s in summaries):.0f} ({max(s[key] for s in summaries):.0f})"
            for key in ("mean", "u", "v")
        ]
        columns += [
            f"{max(s['angle'] for s in summaries):.1f}°",
            str(sum(seed.gross for seed in seeds)),
            str(sum(seed.gross_without_warning for seed in seeds)),
            str(sum(seed.warned for seed in seeds)),
            f"{statistics.median(s['resolution'] for s in summaries):.1f} Å",
            f"{max(s['seconds'] for s in summaries):.2f}",
        ]
        lines.append(f"| {name} | {n} | {' | '.join(columns)} |")
    lines += ["", "Root mean square errors in Å: the median seed (the worst seed). Angles where U − V ≥ 200 Å.", ""]
    lines += ["| micrograph of the K3's size (5760 × 4092) | |", "|---|---|"]
    lines += [
        f"| {name} | {value:.2f} |" if "second" in name else f"| {name} | {value:.0f} |"
        for name, value in large.items()
    ]
    if real is None:
        lines += ["", reporting.not_measured("`fei-extended`", "the real micrograph is not at hand")]
    else:
        ring = real["ice_ring"]
        ice = "none" if ring is None else f"{ring['resolution']:.2f} Å, {100 * ring['strength']:.0f} %"
        lines += [
            "",
            "| `fei-extended`, a real micrograph | found | reference |",
            "|---|---|---|",
            f"| mean defocus | {real['mean']:.0f} Å | 10517 Å |",
            f"| U − V | {real['astigmatism']:.0f} Å | 117 Å |",
            f"| axis | {real['angle']:.0f}° | 125° |",
            f"| quadrants | {', '.join(f'{value:.0f}' for value in real['quadrants'])} Å | 10430 to 10550 Å |",
            f"| ice ring | {ice} | 3.7 Å |",
            f"| fit resolution | {real['fit_resolution']:.1f} Å | |",
            f"| seconds | {real['seconds']:.2f} | |",
        ]
    return "\n".join(lines)


def _peak_memory() -> int:
    """Of this program alone; what `resource` tells includes that of the process it was forked from."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def _rms(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values else 0.0


if __name__ == "__main__":
    main()
