"""Numbers that classes keep from one round to the next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.workflow.workspace import RoundWorkspace

SAME = 0.8  # correlation from which an average is taken for one of the round before
FILE = "averages.npz"


def labels_of(averages: NDArray[np.float32], pixel_size: float, workspace: RoundWorkspace) -> list[int]:
    """Numbers of classes from 1; an average that the round before had too takes the number that it had there.

    Parameters
    ----------
    averages : (classes, box, box) of this round
    pixel_size : in Å
    workspace : of this round, in whose folder averages and numbers are kept for the next one
    """
    former = workspace.run_folder / "rounds" / f"{workspace.number - 1:04d}" / FILE
    labels = list(range(1, len(averages) + 1))
    if former.exists():
        with np.load(former) as kept:
            labels = continued(averages, kept["averages"], json.loads(str(kept["labels"])), pixel_size)
    np.savez(workspace.folder / FILE, averages=averages, labels=np.array(json.dumps(labels)))
    return labels


def continued(
    averages: NDArray[np.float32], former: NDArray[np.float32], labels: list[int], pixel_size: float
) -> list[int]:
    """Labels of averages, given those of former ones; averages that are new take the next numbers.

    Parameters
    ----------
    averages, former : (n, box, box) and (m, box, box)
    labels : (m,) of the former
    pixel_size : in Å
    """
    from cryoloom.engine.classes2d import match_averages

    following = max(labels, default=0) + 1
    if former.shape[1:] != averages.shape[1:]:
        return list(range(following, following + len(averages)))
    matches = match_averages(averages, former, pixel_size=pixel_size)
    result = []
    for partner, correlation in zip(matches.partners, matches.correlation, strict=True):
        if correlation >= SAME:
            result.append(labels[int(partner)])
        else:
            result.append(following)
            following += 1
    return result
