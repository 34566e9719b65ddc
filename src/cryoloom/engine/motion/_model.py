"""How the content of a movie moved, as RELION describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_SIGNIFICANCE = 5.0  # standard deviations; noise alone stays within two
SPATIAL_TERMS = 10
_OF_RELION = 6  # of the spatial terms, those that RELION's model knows
_PLACES = 33  # along each edge of the field, at which models are compared
_TIME_POWERS = np.array([1, 2, 3])


@dataclass(frozen=True)
class LocalModel:
    """Motion that differs from place to place: cubic in time and in space.

    The shift along each axis is the sum over a and b of c_{ab} s_a(x, y) z^b with b = 1, 2, 3 and
    s = (1, x, x², y, y², xy, x³, y³, x²y, xy²), x and y from -0.5 to 0.5 over the frame, and z the number of frames
    since the first. RELION's motion model, version 1, is the first six of these terms.

    Attributes
    ----------
    coefficients : (2, 10, 3) for the shift along x and y, spatial term, power of time; in unbinned pixels, with the
        sign of `Motion`
    """

    coefficients: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.coefficients.shape != (2, SPATIAL_TERMS, 3):
            raise ParameterError(
                f"A local motion model has (2, 10, 3) coefficients, not an array of shape {self.coefficients.shape}."
            )

    @classmethod
    def from_relion(cls, coefficients_x: NDArray[np.float64], coefficients_y: NDArray[np.float64]) -> LocalModel:
        """Take the 18 + 18 coefficients of RELION's motion model, version 1."""
        both = np.stack([coefficients_x, coefficients_y])
        if both.shape != (2, 3 * _OF_RELION):
            raise ParameterError(f"RELION's motion model has 18 coefficients an axis, not {both.shape[1:]}.")
        padding = np.zeros((2, SPATIAL_TERMS - _OF_RELION, 3))
        return cls(np.concatenate([both.reshape(2, _OF_RELION, 3), padding], axis=1))

    def for_relion(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coefficients (18,) for x and for y of the closest version 1 model, in the mean square over the field.

        The cubic terms are replaced by their projections, such as 3/20 x for x³ and y/12 for x²y.
        """
        c = self.coefficients
        closest = c[:, :_OF_RELION].copy()
        closest[:, 1] += 0.15 * c[:, 6] + c[:, 9] / 12.0
        closest[:, 3] += 0.15 * c[:, 7] + c[:, 8] / 12.0
        return closest[0].ravel(), closest[1].ravel()

    def lost_on_relion(self, frames: int) -> float:
        """How far the model of `for_relion` is from this one: root mean square over field and frames, unbinned px."""
        rest = self.coefficients - LocalModel.from_relion(*self.for_relion()).coefficients
        places = (np.arange(_PLACES) + 0.5) / _PLACES - 0.5
        x, y = (each.ravel() for each in np.meshgrid(places, places))
        fields = LocalModel(rest).spatial_coefficients(frames)
        distances = np.einsum("fas,sm->fam", fields, spatial_terms(x, y))
        return float(np.sqrt(np.mean(np.sum(distances**2, axis=1))))

    def spatial_coefficients(self, frames: int) -> NDArray[np.float64]:
        """(frames, 2, 10) coefficients of the spatial terms in each frame, for the shift along x and along y."""
        powers = np.arange(frames, dtype=np.float64)[:, None] ** _TIME_POWERS
        fields: NDArray[np.float64] = np.einsum("ft,ast->fas", powers, self.coefficients)
        return fields


@dataclass(frozen=True)
class Motion:
    """How a movie is corrected.

    Shifts have RELION's sign: what frame f shows at a point p is moved *by* the shift, so that the specimen's point p
    of the first frame is found in frame f at p minus the shift.

    Attributes
    ----------
    global_shifts : (n, 2) x and y in unbinned pixels, zero for the first frame
    local : what is added to it from place to place, or None
    local_reason : why there is no local model; empty where there is one
    significance : standard deviations by which the signal that the frames share stands out of their noise; below 5 the
        motion is no more than a guess. None if it was not measured
    """

    global_shifts: NDArray[np.float64]
    local: LocalModel | None = None
    local_reason: str = ""
    significance: float | None = None

    @property
    def is_a_guess(self) -> bool:
        """Whether the frames are too noisy, or too empty, to tell how they moved."""
        return self.significance is not None and self.significance < LEAST_SIGNIFICANCE

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return len(self.global_shifts)

    def shift_fields(self) -> NDArray[np.float64]:
        """(n, 2, 10) shifts along x and y of each frame, as coefficients of the spatial terms of `LocalModel`."""
        if self.local is None:
            fields = np.zeros((self.frame_count, 2, SPATIAL_TERMS))
        else:
            fields = self.local.spatial_coefficients(self.frame_count)
        fields[:, :, 0] += self.global_shifts
        return fields

    def shifts_at(self, points: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
        """Shifts at points of the field.

        Parameters
        ----------
        points : (m, 2) x and y in unbinned pixels
        shape : (h, w) of a frame

        Returns
        -------
        (n, m, 2) x and y in unbinned pixels
        """
        x = points[:, 0] / shape[1] - 0.5
        y = points[:, 1] / shape[0] - 0.5
        shifts: NDArray[np.float64] = np.einsum("fas,sm->fma", self.shift_fields(), spatial_terms(x, y))
        return shifts


def spatial_terms(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(10, m) values of the spatial terms of `LocalModel` at m points, from -0.5 to 0.5 over the frame."""
    return np.stack([np.ones_like(x), x, x**2, y, y**2, x * y, x**3, y**3, x**2 * y, x * y**2])
