"""How far a finished refinement can be believed."""

from cryoloom.engine.trust._agreement import PoseAgreement, pose_agreement
from cryoloom.engine.trust._drift import Drift, session_drift
from cryoloom.engine.trust._groups import GroupDeviations, group_deviations
from cryoloom.engine.trust._half_order import HalfOrder, half_order
from cryoloom.engine.trust._noise_control import NoiseControl, noise_control, noise_of
from cryoloom.engine.trust._scaling import ParticleScaling, particle_scaling
from cryoloom.engine.trust._shared_noise import SharedNoise, shared_noise
from cryoloom.engine.trust._subsets import Subset, nested_subsets

__all__ = [
    "Drift",
    "GroupDeviations",
    "HalfOrder",
    "NoiseControl",
    "ParticleScaling",
    "PoseAgreement",
    "SharedNoise",
    "Subset",
    "group_deviations",
    "half_order",
    "nested_subsets",
    "noise_control",
    "noise_of",
    "particle_scaling",
    "pose_agreement",
    "session_drift",
    "shared_noise",
]
