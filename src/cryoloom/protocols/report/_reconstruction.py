"""What particles have become: classes and maps with their curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryoloom.data import FSC, Class2D, Item, Volume


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Classes and maps; empty where there are none.

    Parameters
    ----------
    classes : averages
    kept : ids of those that were kept or, as long as nobody has chosen, are proposed to be
    volumes : maps, with their halves and masks if they have them
    curves : Fourier shell correlations, each of the map with its ``volume_id``
    validation : what else tells how far the maps can be believed: local and directional resolutions, differences of
        halves, views, correlations with models
    """

    classes: Sequence[Class2D] = ()
    kept: frozenset[int] = frozenset()
    volumes: Sequence[Volume] = ()
    curves: Sequence[FSC] = ()
    validation: Sequence[Item] = ()

    def __bool__(self) -> bool:
        return bool(self.classes or self.volumes)

    @classmethod
    def of(
        cls,
        classes: Sequence[Class2D] = (),
        volumes: Sequence[Volume] = (),
        curves: Sequence[FSC] = (),
        *,
        validation: Sequence[Item] = (),
        kept: frozenset[int] | None = None,
    ) -> Reconstruction:
        """The same, with what is proposed to be kept if nothing was chosen."""
        proposed = frozenset(one.id for one in classes if one.proposed is not False)
        return cls(classes, proposed if kept is None else kept, volumes, curves, validation)

    @property
    def resolution(self) -> float | None:
        """The finest of the maps, in Å."""
        return min((one.resolution for one in self.volumes if one.resolution is not None), default=None)

    def curves_of(self, volume: Volume) -> list[FSC]:
        """The curves of one map."""
        return [curve for curve in self.curves if curve.volume_id == volume.id]
