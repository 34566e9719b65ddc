"""The maps that a run has to do with, and the files that belong to each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import Class3D, LocalResolution, Volume
from cryoloom.errors import NotFoundError
from cryoloom.server.maps._frame import local_resolution_of
from cryoloom.server.pictures import opened
from cryoloom.workflow.workspace import resolve_in_project

if TYPE_CHECKING:
    from cryoloom.workflow.project import Run

_COLUMNS = {"map": "file", "half1": "half1_file", "half2": "half2_file", "mask": "mask_file"}


@dataclass(frozen=True)
class KnownMap:
    """A map of a run.

    Parameters
    ----------
    run, output : whose set it is in
    row : of the set
    """

    run: Run
    output: str
    row: dict[str, Any]

    @property
    def item(self) -> str:
        """Its identity, 16 hexadecimal digits."""
        return f"{self.row['id']:016x}"

    def named_files(self) -> dict[str, str]:
        """Which file → its name as the sets have it."""
        found = {which: self.row[column] for which, column in _COLUMNS.items() if self.row.get(column)}
        local = local_resolution_of(self.run, self.output, self.row)
        return found if local is None else {**found, "local_resolution": local[1]["file"]}

    def file(self, which: str) -> Path:
        """The place of a file that belongs to it.

        Raises
        ------
        NotFoundError
            If there is none, or it is not there any more.
        InputError
            If its name leads out of the project, or it is no map.
        """
        named = self.named_files()
        if which not in named:
            raise NotFoundError(f"The map of run {self.run.number} has no such file; it has {', '.join(named)}.")
        with opened(self.run.project.path, named[which]):  # what is no image file is not given away
            return resolve_in_project(self.run.project.path, named[which])

    def trust_file(self) -> Path | None:
        """The trust page of its refinement; None if it has none or it is not there."""
        name = self.row.get("trust_file")
        path = resolve_in_project(self.run.project.path, name) if name else None
        return path if path is not None and path.is_file() else None


def maps_of(run: Run) -> list[KnownMap]:
    """The maps that a run has made; else those that it measured the local resolution of."""
    own = list(_made(run))
    if own:
        return own
    measured = LocalResolution.kind in run.record.output_kinds.values()
    link = run.record.inputs.get("volumes") if measured else None
    return [] if link is None else list(_made(run.project.run(link.run), link.output))


def known_map(run: Run, output: str, item: str) -> KnownMap:
    """One map of an output.

    Raises
    ------
    NotFoundError
        If the output holds no maps, or not this one.
    """
    outputs = run.outputs
    if output in outputs and outputs[output].kind in {Volume.kind, Class3D.kind}:
        for row in outputs[output].latest().rows([int(item, 16)]).to_dicts():
            return KnownMap(run, output, row)
    raise NotFoundError(f"Run {run.number} has no such map.")


def _made(run: Run, only: str = "") -> Iterator[KnownMap]:
    """Of an output, else of the first with volumes, else of the first with maps of classes."""
    by_kind = {output.kind: name for name, output in reversed(list(run.outputs.items())) if only in {"", name}}
    for kind in (Volume.kind, Class3D.kind):
        name = by_kind.get(kind)
        if name is not None and run.outputs[name].as_document()["count"]:
            for row in run.outputs[name].latest().scan().collect().iter_rows(named=True):
                yield KnownMap(run, name, row)
            return
