"""The maps that a run has to do with, and the files that belong to each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import Class3D, LocalResolution, Volume
from cryoloom.errors import CryoloomError, NotFoundError
from cryoloom.protocols.resolutions import told_resolution
from cryoloom.server._numbers import is_length
from cryoloom.server._upstream import input_of
from cryoloom.server.maps._frame import local_resolution_of
from cryoloom.server.maps._trust import TrustFigures, trust_figures
from cryoloom.server.pictures import opened_map

if TYPE_CHECKING:
    from cryoloom.server._places import Places
    from cryoloom.workflow.project import Run

_COLUMNS = {"map": "file", "half1": "half1_file", "half2": "half2_file", "mask": "mask_file"}


@dataclass(frozen=True)
class KnownMap:
    """A map of a run, for as long as a request takes: what is found out of it is found out once.

    Parameters
    ----------
    run, output : whose set it is in
    places : that its files are read from
    row : of the set
    """

    run: Run
    places: Places
    output: str
    row: dict[str, Any]

    @property
    def item(self) -> str:
        """Its identity, 16 hexadecimal digits."""
        return f"{self.row['id']:016x}"

    @property
    def resolution(self) -> float | None:
        """In Å, as it was measured; None if it was not, or what the set tells can be none."""
        told = self.row.get("resolution")
        return told if is_length(told) else None

    @property
    def said_resolution(self) -> str:
        """The same in a sentence; empty if it is not known."""
        if self.resolution is None or not is_length(self.row["pixel_size"]):
            return ""
        return f"{told_resolution(self.resolution, self.row['pixel_size'])}."

    @cached_property
    def local_resolution(self) -> tuple[Run, dict[str, Any]] | None:
        """The run that measured its local resolution, and the row of that; None if none has."""
        return local_resolution_of(self.run, self.output, self.row)

    def named_files(self) -> dict[str, str]:
        """Which file → its name as the sets have it."""
        found = {which: self.row[column] for which, column in _COLUMNS.items() if self.row.get(column)}
        local = self.local_resolution
        return found if local is None else {**found, "local_resolution": local[1]["file"]}

    def file(self, which: str) -> Path:
        """The place of a file that belongs to it.

        Raises
        ------
        NotAllowedError
            If it does not lie where anything is read for who asks.
        NotFoundError
            If there is none, or it is not there any more.
        InputError
            If its name leads out of the project, or it is no map of that size.
        """
        name = self.row.get(_COLUMNS[which]) if which in _COLUMNS else self.named_files().get(which)
        if not name:
            there = ", ".join(self.named_files())
            raise NotFoundError(f"The map of run {self.run.number} has no such file; it has {there}.")
        with opened_map(self.places, name, self.row["box_size"]):  # what is no map is not given away
            return self.places.of_images(name)

    def trust_page(self) -> Path:
        """The trust page of its refinement.

        Raises
        ------
        NotFoundError
            If it has none, or it is not there any more.
        InputError
            If its name is not that of a page in the project.
        """
        name = self.row.get("trust_file")
        if not name:
            raise NotFoundError(f"The map of run {self.run.number} has no trust page.")
        return self.places.within(name, suffix=".html")

    @cached_property
    def trust(self) -> TrustFigures:
        """What its trust page says, for machines; nothing if it has none, or none that can be understood."""
        try:
            beside = self.trust_page().with_suffix(".json").relative_to(self.places.project.resolve())
            return trust_figures(self.places.within(str(beside), suffix=".json"))
        except CryoloomError:
            return TrustFigures()


def maps_of(run: Run, places: Places) -> list[KnownMap]:
    """The maps that a run has made; else those that it measured the local resolution of."""
    own = list(_made(run, places))
    if own:
        return own
    measured = LocalResolution.kind in run.record.output_kinds.values()
    given = input_of(run, "volumes") if measured else None
    return [] if given is None else list(_made(given.run, places, given.name))


def known_map(run: Run, places: Places, output: str, item: str) -> KnownMap:
    """One map of an output.

    Raises
    ------
    NotFoundError
        If the output holds no maps, or not this one.
    """
    outputs = run.outputs
    if output in outputs and outputs[output].kind in {Volume.kind, Class3D.kind}:
        for row in outputs[output].latest().rows([int(item, 16)]).to_dicts():
            return KnownMap(run, places, output, row)
    raise NotFoundError(f"Run {run.number} has no such map.")


def _made(run: Run, places: Places, only: str = "") -> Iterator[KnownMap]:
    """Of an output, else of the first with volumes, else of the first with maps of classes."""
    by_kind = {output.kind: name for name, output in reversed(list(run.outputs.items())) if only in {"", name}}
    for kind in (Volume.kind, Class3D.kind):
        name = by_kind.get(kind)
        if name is not None and run.outputs[name].as_document()["count"]:
            for row in run.outputs[name].latest().scan().collect().iter_rows(named=True):
                yield KnownMap(run, places, name, row)
            return
