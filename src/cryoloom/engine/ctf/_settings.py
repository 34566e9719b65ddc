"""What the user may choose about the estimate."""

from __future__ import annotations

from dataclasses import dataclass

from cryoloom.errors import ParameterError


@dataclass(frozen=True)
class CTFSettings:
    """Ranges in which the transfer function is looked for.

    Parameters
    ----------
    resolution_range : rings between these resolutions are fitted, in Å, the coarse one first
    defocus_range : smallest and largest mean defocus, in Å
    phase_shift_range : smallest and largest phase shift, in degrees; None when there is no phase plate
    maximum_astigmatism : largest ``defocus_u - defocus_v``, in Å
    fit_tilt : let the defocus change linearly over the field when the rings say so
    """

    resolution_range: tuple[float, float] = (30.0, 4.0)
    defocus_range: tuple[float, float] = (2_000.0, 50_000.0)
    phase_shift_range: tuple[float, float] | None = None
    maximum_astigmatism: float = 3_000.0
    fit_tilt: bool = True

    def __post_init__(self) -> None:
        coarse, fine = self.resolution_range
        if not coarse > fine > 0.0:
            raise ParameterError(
                f"The resolution range is {coarse:g} to {fine:g} Å; give the coarse end first, such as 30 to 4 Å."
            )
        smallest, largest = self.defocus_range
        if not 0.0 < smallest < largest:
            raise ParameterError(
                f"The defocus range is {smallest / 1e4:g} to {largest / 1e4:g} µm; give two positive values, the "
                "smaller first."
            )
        if self.phase_shift_range is not None:
            least, most = self.phase_shift_range
            if not 0.0 <= least < most <= 180.0:
                raise ParameterError(
                    f"The phase shift range is {least:g} to {most:g}°; give two values up to 180°, the smaller first."
                )
        if self.maximum_astigmatism < 0.0:
            raise ParameterError(
                f"The largest astigmatism is {self.maximum_astigmatism:g} Å; give a value that is not negative."
            )
