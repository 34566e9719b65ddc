"""Numbers that classes keep from one round to the next, and that are never given to another class."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from cryoloom.durable import AtomicFile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from cryoloom.workflow.workspace import RoundWorkspace

SAME = 0.8  # correlation from which an average is taken for one of a former round
FILE = "averages.npz"


@dataclass(frozen=True)
class KnownClasses:
    """Every class that the rounds of a run have found so far.

    Parameters
    ----------
    averages : (n, box, box) of each label the average of the last round that found it
    labels : of each, from 1
    pixel_size : of the averages, in Å
    highest : label ever given, also to classes whose averages are no longer known
    """

    averages: NDArray[np.float32]
    labels: tuple[int, ...]
    pixel_size: float
    highest: int

    @classmethod
    def none_of(cls, averages: NDArray[np.float32], pixel_size: float) -> Self:
        """Nothing is known yet of classes with averages of this size."""
        return cls(averages[:0], (), pixel_size, 0)

    @classmethod
    def read(cls, path: Path, pixel_size: float) -> Self:
        """What a round has left; at first rounds kept their own averages only, and no pixel size."""
        with np.load(path) as kept:
            labels = tuple(json.loads(str(kept["labels"])))
            highest = int(kept.get("highest", max(labels, default=0)))
            return cls(kept["averages"], labels, float(kept.get("pixel_size", pixel_size)), highest)

    def write(self, path: Path) -> None:
        """Keep it for the next round; the file appears whole or not at all."""
        with AtomicFile(path) as file:
            np.savez(
                file.file,
                averages=self.averages,
                labels=np.array(json.dumps(self.labels)),
                pixel_size=np.array(self.pixel_size),
                highest=np.array(self.highest),
            )

    def can_be_compared(self, averages: NDArray[np.float32], pixel_size: float) -> bool:
        """Whether averages have the same box and pixel size."""
        return self.averages.shape[1:] == averages.shape[1:] and bool(np.isclose(self.pixel_size, pixel_size))


def labels_of(averages: NDArray[np.float32], pixel_size: float, workspace: RoundWorkspace) -> list[int]:
    """Labels of the classes of a round; an average that any former round had takes the label that it had there.

    Parameters
    ----------
    averages : (classes, box, box) of this round
    pixel_size : in Å
    workspace : of this round, in whose folder all classes known so far are kept for the next one
    """
    former = workspace.run_folder / "rounds" / f"{workspace.number - 1:04d}" / FILE
    known = KnownClasses.none_of(averages, pixel_size)
    if former.exists():
        known = KnownClasses.read(former, pixel_size)
        if not known.can_be_compared(averages, pixel_size):
            workspace.warn(
                f"The averages of this round have {averages.shape[-1]} pixels of {pixel_size:.2f} Å, those before "
                f"{known.averages.shape[-1]} of {known.pixel_size:.2f} Å; they are not compared, and all classes get "
                "new labels. Decide again which to keep."
            )
    labels, known = continued(averages, known, pixel_size)
    known.write(workspace.folder / FILE)
    return labels


def continued(averages: NDArray[np.float32], known: KnownClasses, pixel_size: float) -> tuple[list[int], KnownClasses]:
    """Labels of averages, and what is known with them; averages that are new take labels that no class ever had.

    Two averages of one round may both look like a class that was one before: they share its label, so that what was
    decided about it holds for both.

    Parameters
    ----------
    averages : (n, box, box) of a round
    known : from the rounds before it
    pixel_size : in Å
    """
    if not known.can_be_compared(averages, pixel_size):
        known = KnownClasses(averages[:0], (), pixel_size, known.highest)
    partners, likeness = _partners(averages, known)
    labels, highest = [], known.highest
    for partner in partners:
        if partner is None:
            highest += 1
        labels.append(highest if partner is None else known.labels[partner])
    newest = dict(zip(known.labels, known.averages, strict=True))
    # Of averages that share a label, the one most like the class as it was stands for it.
    newest.update((labels[number], averages[number]) for number in np.argsort(likeness, kind="stable").tolist())
    return labels, KnownClasses(np.stack(list(newest.values())), tuple(newest), pixel_size, highest)


def _partners(averages: NDArray[np.float32], known: KnownClasses) -> tuple[list[int | None], NDArray[np.float64]]:
    """Place of the known class that each average is, None if it is new, and its correlation with that class."""
    from cryoloom.engine.classes2d import match_averages

    if not known.labels:
        return [None] * len(averages), np.zeros(len(averages))
    matches = match_averages(averages, known.averages, pixel_size=known.pixel_size)
    found = zip(matches.partners.tolist(), matches.correlation.tolist(), strict=True)
    return [partner if correlation >= SAME else None for partner, correlation in found], matches.correlation
