"""The figures of a trust page for machines."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryoloom.engine.trust import GroupDeviations
    from cryoloom.protocols.trust._defocus import Defocus
    from cryoloom.protocols.trust._figures import CrossChecks, Micrographs, Trust

VERSION = 1


def trust_document(trust: Trust) -> dict[str, Any]:
    """All figures, as JSON can hold them; None for what is not known or was not run."""
    headline = trust.headline
    return {
        "version": VERSION,
        "headline": {"resolution": headline.resolution, "sentence": headline.sentence},
        "resolution": trust.resolution,
        "particles": list(trust.counts),
        "symmetry": trust.symmetry,
        "diameter": trust.diameter,
        "box_size": trust.box_size,
        "pixel_size": trust.pixel_size,
        "fsc": {
            "frequency": _numbers(trust.correlation.unmasked.frequency),
            **{name.replace("-", "_"): _numbers(curve.correlation) for name, curve in trust.correlation.curves.items()},
        },
        "mask": {
            "given": trust.mask_is_given,
            "particle_stands_out": trust.stands_out,
            "remarks": list(trust.mask_remarks),
        },
        "views": {
            "sampling_compensation": trust.views.sampling_compensation,
            "poorly_sampled": trust.views.poorly_sampled,
            "directional_resolution": _numbers(trust.directional_resolutions),
            "area_ratio": trust.directions.area_ratio,
        },
        "half_map_difference": {
            "inside": trust.difference_inside,
            "largest": trust.difference_largest,
            "solvent": trust.solvent,
        },
        "local_resolution": list(trust.local),
        "particle_scaling": {
            "counts": list(trust.scaling.counts),
            "resolutions": list(trust.scaling.resolutions),
            "guinier_b_factors": list(trust.b_factors),
            "b_factor": trust.scaling.b_factor,
        },
        "leak": {
            "trips": trust.leak.trips,
            "share": trust.leak.share,
            "pairs_by_noise": len(trust.leak.noise.pairs),
            "pairs_by_position": trust.leak.near,
            "distance": trust.leak.distance,
            "examined": trust.leak.noise.examined,
            "resolution_without": trust.leak.resolution_without,
        },
        "micrographs": None if trust.micrographs is None else _micrographs(trust.micrographs),
        "cross_checks": None if trust.cross_checks is None else _cross_checks(trust.cross_checks),
        "defocus": None if trust.defocus is None else _defocus(trust.defocus),
    }


def _cross_checks(checks: CrossChecks) -> dict[str, Any]:
    return {
        "same_poses": checks.agreement.share,
        "median_angle": checks.agreement.median_angle,
        "median_shift": checks.agreement.median_shift,
        "maps_agree_to": checks.agreement.resolution,
        "second_resolution": checks.second_resolution,
        "more_than_noise": checks.noise.more_than_noise,
        "more_than_noise_error": checks.noise.error,
        "deviations_from_noise": checks.noise.deviations,
        "noise_images": len(checks.noise.noise),
        "start_moved_by": None if checks.astray is None else asdict(checks.astray),
    }


def _micrographs(micrographs: Micrographs) -> dict[str, Any]:
    return {
        "count": len(micrographs.names),
        "outlying_likelihood": _outlying(micrographs.likelihood, micrographs.names),
        "outlying_shift": _outlying(micrographs.shift, micrographs.names),
    }


def _defocus(defocus: Defocus) -> dict[str, Any]:
    change, drift = defocus.change, defocus.drift
    return {
        "as_estimated": defocus.is_as_estimated,
        "spread": defocus.spread,
        "error": defocus.error,
        "mean_change": defocus.mean_change,
        "drift": None if drift is None else {"change": drift.change, "error": drift.error},
        "changes": None
        if change is None
        else [
            {"micrograph": name, "particles": int(count), "mean": float(mean)}
            for name, count, mean in zip(defocus.names, change.counts, change.means, strict=True)
        ],
        "outlying_change": None if change is None else _outlying(change, defocus.names),
    }


def _outlying(deviations: GroupDeviations, names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "micrograph": names[place],
            "particles": int(deviations.counts[place]),
            "mean": float(deviations.means[place]),
            "deviation": float(deviations.deviations[place]),
        }
        for place in deviations.outlying
    ]


def _numbers(values: Iterable[float]) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]
