"""Rings that are lost in one direction, as drift does it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cryoloom.engine.ctf._evidence import Evidence
    from cryoloom.engine.ctf._rings import Defocus, RingModel

_GROUPS = 12


@dataclass(frozen=True)
class DirectionalLoss:
    """How the height of the fine rings varies over azimuth.

    Parameters
    ----------
    fraction : from 0, equally strong everywhere, to 1, absent in one direction
    error : standard deviation of ``fraction``
    angle : direction in which they are weakest, in degrees from x towards y, in [0, 180)
    """

    fraction: float
    error: float
    angle: float


def directional_loss(evidence: Evidence, defocus: Defocus, model: RingModel) -> DirectionalLoss:
    """Fit a two-fold variation over azimuth to the height of the finer rings, those that hold half of the evidence."""
    pattern = model.visible_rings(evidence.frequencies, evidence.azimuths, defocus) * evidence.strength
    information = evidence.counts * pattern**2
    running = np.cumsum(information.sum(axis=0))
    if running[-1] <= 0:
        return DirectionalLoss(0.0, math.inf, 0.0)
    fine = running > 0.5 * running[-1]
    weight = information[:, fine].reshape(_GROUPS, -1).sum(axis=1)
    height = (evidence.deviations * pattern)[:, fine].reshape(_GROUPS, -1).sum(axis=1) / np.maximum(weight, 1e-12)

    azimuths = evidence.azimuths.reshape(_GROUPS, -1).mean(axis=1)
    design = np.stack([np.ones_like(azimuths), np.cos(2.0 * azimuths), np.sin(2.0 * azimuths)], axis=1)
    covariance = np.linalg.inv(design.T @ (weight[:, None] * design))
    mean, cosine, sine = covariance @ (design.T @ (weight * height))
    if mean <= 0:
        return DirectionalLoss(0.0, math.inf, 0.0)
    error = math.sqrt(evidence.variance * 0.5 * (covariance[1, 1] + covariance[2, 2])) / mean
    strongest = 0.5 * math.degrees(math.atan2(sine, cosine))
    return DirectionalLoss(min(1.0, math.hypot(cosine, sine) / mean), error, (strongest + 90.0) % 180.0)
