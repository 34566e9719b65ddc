"""Which items several sets have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.server.comparison._sets import sets_of
from cryoloom.server.models import OverlapDocument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cryoloom.workflow.project import Output, Run


def overlap_of(runs: Sequence[Run], kind: str) -> OverlapDocument:
    """How many items of a kind each two of some runs have in common, by their identities.

    An item keeps its identity as long as it is the same particle, micrograph or class, whatever is found out about it;
    particles that were picked anew are others, also where they lie at the same place.

    Raises
    ------
    NotFoundError
        If fewer than two of the runs have made items of this kind.
    """
    known = [_identities(output) for output in sets_of(runs, kind)]
    pairs = [[len(np.intersect1d(one, other, assume_unique=True)) for other in known] for one in known]
    holding = [one for one in known if len(one)]
    in_all = holding[0]
    for other in holding[1:]:
        in_all = np.intersect1d(in_all, other, assume_unique=True)
    return OverlapDocument(
        kind=kind,
        counts=[len(one) for one in known],
        common=pairs,
        in_all=len(in_all),
        in_any=len(np.unique(np.concatenate(known))),
    )


def _identities(output: Output | None) -> NDArray[np.uint64]:
    if output is None:
        return np.empty(0, np.uint64)
    return np.unique(output.latest().to_polars(["id"])["id"].to_numpy())
