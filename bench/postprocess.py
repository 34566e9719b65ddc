"""Resolution, sharpening and local resolution of half maps, with RELION.

    python bench/postprocess.py [--full] [--seeds 8101 8102 8103] [--box 256] [--json FILE]

Half maps of T20S are made of the density of the specimen, damped by a B-factor of 90 Å², and independent coloured
noise. Both programs get the same halves, mask and range of the fit, RELION's by the fixed command of `peers/relion.py`;
RELION names the last shell above 0.143, so shells are compared, not the interpolated crossing. Both draw random
phases: what RELION says with other ones is told beside. The truth is the density itself: what the corrected curve F
foretells, √(2F/(1+F)), is compared with the correlation of the mean map with it. Local resolution is looked for in a
ball of random texture up to 4 Å, within one up to 8 Å.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import reporting
from peers import relion

from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.maps import apply_b_factor, low_pass, soft_sphere
from cryoloom.engine.validation import local_resolution, postprocess, soft_auto_mask
from cryoloom.formats import read_star, write_volume
from cryoloom.testing.microscope import load_specimen

EXTENT = 307.2  # Å, of the box
DAMPED = 90.0  # Å²
CORE, RIM = 4.0, 8.0  # Å, the finest details of the two parts
OTHER_PHASES = 2  # with which RELION is asked again
SIZE_PROMISED = 256  # pixels, for which times are held


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[8101, 8102, 8103])
    parser.add_argument("--box", type=int, help="edge of the maps; by default 192, or 256 with --full")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    box = options.box or (SIZE_PROMISED if options.full else 192)
    model = reporting.real_data("structures/3j9i.pdb.gz")
    if model is None:
        print(reporting.not_measured("Postprocessing", "the atomic model of T20S is not there"))
        return
    truth = load_specimen("t20s", model.parent).density_map(box, EXTENT / box)
    compare(truth[: box // 4, : box // 4, : box // 4] + 0.0, 1, timed=False)
    records = []
    for seed in options.seeds:
        records.append({"seed": seed, **compare(truth, seed), **locally(box, seed)})
        print(f"postprocess, seed {seed} done", file=sys.stderr, flush=True)
    print(f"Boxes of {box} pixels of {EXTENT / box:.2f} Å.\n")
    headings = (
        "seed",
        "resolution, cryoloom",
        "RELION (with other random phases)",
        "shells apart",
        "corrected curves, RMS",
        "B, cryoloom",
        "RELION",
    )
    headings += ("foretold against truth, RMS", "truth 0.5", "s, cryoloom", "s, RELION")
    rows = [
        (
            one["seed"],
            f"{one['resolution']:.2f} Å",
            f"{one['relion_resolution']:.2f} Å ({', '.join(f'{other:.2f}' for other in one['relion_others'])})",
            f"{one['shells']}",
            f"{one['rms']:.4f}",
            f"{one['b_factor']:.1f}",
            f"{one['relion_b_factor']:.1f}",
            f"{one['foretold']:.3f}",
            f"{one['truth']:.2f} Å",
            f"{one['seconds']:.1f}",
            f"{one['relion_seconds']:.1f}",
        )
        for one in records
    ]
    print(reporting.table(headings, rows))
    print("\nLocal resolution of a core up to 4 Å and a rim up to 8 Å, and the share of noise that gets one:\n")
    headings = ("seed", "core", "rim", "noise with a resolution", "s")
    rows = [
        (
            one["seed"],
            f"{one['core']:.2f} Å",
            f"{one['rim']:.2f} Å",
            f"{100 * one['noise']:.1f} %",
            f"{one['local_seconds']:.1f}",
        )
        for one in records
    ]
    print(reporting.table(headings, rows))
    print(reporting.promises(promised(records, box)))
    if options.json is not None:
        options.json.write_text(json.dumps(records, indent=1) + "\n")


def promised(records: list[dict], box: int) -> Iterator[reporting.Promise]:
    """What is held, in the worst seed."""

    def worst(key: str) -> float:
        return max(one[key] for one in records)

    yield reporting.promise("corrected curves, RMS from RELION's", worst("rms"), ".4f", most=0.02)
    yield reporting.promise("resolution, shells from RELION's", worst("shells"), ".0f", most=1)
    apart = max(abs(one["b_factor"] / one["relion_b_factor"] - 1) for one in records)
    yield reporting.promise("B factor, from RELION's", 100 * apart, ".1f %", most=10)
    yield reporting.promise("foretold against truth, RMS", worst("foretold"), ".3f", most=0.05)
    off = [EXTENT * (1 / one["resolution"] - 1 / one["truth"]) for one in records]
    yield reporting.promise("half maps' resolution beyond the truth's, shells", max(off), ".2f", most=0.0)
    allowed = [max(1.0, 0.05 * EXTENT / one["truth"]) for one in records]
    behind = max(-value / limit for value, limit in zip(off, allowed, strict=True))
    yield reporting.promise("half maps' resolution behind the truth's, of what is allowed", behind, ".2f", most=1.0)
    for part, wanted in (("core", CORE), ("rim", RIM)):
        off = max(abs(one[part] / wanted - 1) for one in records)
        yield reporting.promise(f"local resolution of the {part}, off", 100 * off, ".1f %", most=10)
    yield reporting.promise("noise that gets a local resolution", 100 * worst("noise"), ".1f %", most=0)
    if box == SIZE_PROMISED:
        yield reporting.promise("time of postprocessing", worst("seconds"), ".1f s", most=5)
        yield reporting.promise("time of local resolution", worst("local_seconds"), ".1f s", most=60)


def compare(truth: np.ndarray, seed: int, *, timed: bool = True) -> dict:
    """Figures of both programs on one pair of halves; untimed: only compile."""
    box = len(truth)
    pixel_size = EXTENT / box
    signal = apply_b_factor(truth, DAMPED, pixel_size=pixel_size, threads=2)
    random = np.random.default_rng(seed)
    strength = 10.0 * (box / 192) ** 1.5 * signal.std()
    halves = [
        signal
        + apply_b_factor(strength * random.normal(size=truth.shape).astype(np.float32), 40.0, pixel_size=pixel_size)
        for _ in range(2)
    ]
    mask = soft_auto_mask(0.5 * (halves[0] + halves[1]), pixel_size=pixel_size).mask
    began = time.perf_counter()
    done = postprocess(*halves, pixel_size=pixel_size, copies=1, mask=mask, threads=2)
    seconds = time.perf_counter() - began
    if not timed:
        return {}
    real = fourier_shell_correlation(0.5 * (halves[0] + halves[1]), truth, pixel_size=pixel_size, mask=mask)
    used = done.correlation.corrected.correlation > 0.05
    foretold = (done.correlation.against_truth - real.correlation)[used]
    theirs = relions(halves, mask, pixel_size, done.resolution)
    difference = done.correlation.corrected.correlation - theirs["curve"]
    return {
        "resolution": done.resolution,
        "relion_resolution": theirs["resolution"],
        "relion_others": theirs["others"],
        "shells": abs(int(EXTENT / done.resolution) - round(EXTENT / theirs["resolution"])),
        "rms": float(np.sqrt((difference**2).mean())),
        "b_factor": done.b_factor,
        "relion_b_factor": theirs["b_factor"],
        "foretold": float(np.sqrt((foretold**2).mean())),
        "truth": real.resolution(0.5),
        "seconds": seconds,
        "relion_seconds": theirs["seconds"],
    }


def relions(halves: list[np.ndarray], mask: np.ndarray, pixel_size: float, resolution: float) -> dict:
    """RELION's answer, whose fit of the B-factor ends at the same resolution, and its answers with other phases."""
    with tempfile.TemporaryDirectory(prefix="cryoloom-postprocess-") as name:
        folder = Path(name)
        for file, volume in (("half1", halves[0]), ("half2", halves[1]), ("mask", mask)):
            write_volume(folder / f"{file}.mrc", volume.astype(np.float32), pixel_size=pixel_size)
        made = [
            relion.postprocess(
                folder / "half1.mrc",
                folder / "mask.mrc",
                pixel_size=pixel_size,
                finest=resolution,
                seed=seed,
                cache=folder / "relion",
            )
            for seed in range(1 + OTHER_PHASES)
        ]
        tables = [read_star(one.folder / "run.star") for one in made]
    told = [float(one["general"]["rlnFinalResolution"]) for one in tables]
    return {
        "curve": tables[0]["fsc"]["rlnFourierShellCorrelationCorrected"].to_numpy().astype(float),
        "resolution": told[0],
        "others": told[1:],
        "b_factor": float(tables[0]["general"]["rlnBfactorUsedForSharpening"]),
        "seconds": made[0].seconds,
    }


def locally(box: int, seed: int) -> dict:
    """Medians of the local resolution in a core and its rim, and the share of pure noise that gets one."""
    pixel_size = 256 / box
    random = np.random.default_rng(seed)

    def noise(strength: float) -> np.ndarray:
        return random.normal(0, strength, (box,) * 3).astype(np.float32)

    axis = (np.arange(box) - box // 2) * pixel_size
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    core, whole = (soft_sphere(box, edge / pixel_size - 2, 4.0) for edge in (45.0, 100.0))
    fine, coarse = (low_pass(noise(1.0), detail, pixel_size=pixel_size) for detail in (CORE, RIM))
    signal = core * fine + (whole - core) * coarse
    halves = [signal + noise(0.7) for _ in range(2)]
    began = time.perf_counter()
    found = local_resolution(*halves, whole, pixel_size=pixel_size, copies=1, threads=2)
    seconds = time.perf_counter() - began
    empty = local_resolution(noise(1.0), noise(1.0), whole, pixel_size=pixel_size, copies=1, threads=2)
    return {
        "core": float(np.nanmedian(found.resolution[radius < 45])),
        "rim": float(np.nanmedian(found.resolution[(radius > 45) & (radius < 100)])),
        "noise": empty.evaluated,
        "local_seconds": seconds,
    }


if __name__ == "__main__":
    main()
