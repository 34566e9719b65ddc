"""Point groups in RELION's frame, and how a model is turned into it."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import ParameterError


def group_operators(symmetry: str) -> NDArray[np.float64]:
    """Rotation matrices (n, 3, 3) of a point group: C and D with the n-fold axis on Z, D's 2-fold on X, O's 4-folds.

    Parameters
    ----------
    symmetry : Cn, Dn or O
    """
    match = re.fullmatch(r"([CD])([1-9]\d*)|O", symmetry)
    if match is None:
        raise ParameterError(f"Symmetry {symmetry!r} is not known here: give Cn, Dn or O.")
    order = int(match[2]) if match[2] else 4
    generators = [_turn("Z", 360.0 / order)]
    if match[1] == "D":
        generators.append(_turn("X", 180.0))
    elif match[1] is None:
        generators.append(_turn("X", 90.0))
    operators = [np.eye(3)]
    for operator in operators:  # grows until nothing new appears
        for generator in generators:
            product = generator @ operator
            if not any(np.allclose(product, known, atol=1e-6) for known in operators):
                operators.append(product)
    return np.array(operators)


def frame_of(rotations: NDArray[np.float64], symmetry: str) -> NDArray[np.float64]:
    """Find the rotation that brings a model into the frame of its point group.

    Parameters
    ----------
    rotations : (n, 3, 3) that map the first of the model's equal chains onto each of them
    symmetry : its point group, Dn or O

    Returns
    -------
    (3, 3) Q with ``Q @ rotation @ Q.T`` in the group for every rotation, as nearly as the model allows

    Raises
    ------
    ParameterError
        If the rotations do not belong to the group.
    """
    order = 4 if symmetry == "O" else int(symmetry[1:])
    z = _axis(min(rotations, key=lambda rotation: abs(_angle(rotation) - 360.0 / order)))
    across = [rotation for rotation in rotations if _angle(rotation) > 10.0 and abs(_axis(rotation) @ z) < 0.1]
    fold = 90.0 if symmetry == "O" else 180.0
    if not across:
        raise ParameterError(f"The model has no axis across its {order}-fold one, so its symmetry is not {symmetry}.")
    x = _axis(min(across, key=lambda rotation: abs(_angle(rotation) - fold)))
    x = x - (x @ z) * z
    x /= np.linalg.norm(x)
    frame = np.array([x, np.cross(z, x), z])
    # Of all Q, the one that best solves Q R = G Q for all pairs at once: the least singular vector, made a rotation.
    equations = []
    for rotation in rotations:
        turned = frame @ rotation @ frame.T
        operator = max(group_operators(symmetry), key=lambda known: np.trace(known.T @ turned))
        if np.trace(operator.T @ turned) < 1.0 + 2.0 * np.cos(np.radians(5.0)):
            raise ParameterError(f"The model's chains are not related by the operators of {symmetry}.")
        equations.append(np.kron(np.eye(3), rotation.T) - np.kron(operator, np.eye(3)))
    least = np.linalg.svd(np.concatenate(equations))[2][-1].reshape(3, 3)
    left, _, right = np.linalg.svd(least * np.sign(np.linalg.det(least)))
    return np.asarray(left @ right)


def superpose(points: NDArray[np.float64], onto: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation (3, 3) that best maps `points` (n, 3) onto others, each about its centroid (Kabsch 1976)."""
    left, _, right = np.linalg.svd((onto - onto.mean(axis=0)).T @ (points - points.mean(axis=0)))
    return np.asarray(left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right)


def _angle(rotation: NDArray[np.float64]) -> float:
    return float(np.degrees(np.arccos(np.clip(0.5 * (np.trace(rotation) - 1.0), -1.0, 1.0))))


def _axis(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Axis of a rotation: what it leaves as it is."""
    return np.asarray(np.linalg.svd(rotation - np.eye(3))[2][-1])


def _turn(axis: str, degrees: float) -> NDArray[np.float64]:
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_euler(axis, degrees, degrees=True).as_matrix())
