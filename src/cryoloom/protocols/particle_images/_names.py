"""Names of stacks, micrographs and detectors in a STAR file, as they are found from where it lies."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from cryoloom.data import Table
    from cryoloom.formats.star import Block

FILES = ("file", "micrograph_file")
_IMAGE = "rlnImageName"
_LABELS = ("rlnMicrographName", "rlnMtfFileName")


def found_from(folder: Path, name: str) -> Path:
    """The place of a file that is named in a folder: there, or in the nearest folder above.

    Parameters
    ----------
    folder : where the STAR file lies
    name : absolute, or as RELION has it, seen from the folder of the project
    """
    if Path(name).is_absolute():
        return Path(name)
    folders = [folder.absolute(), *folder.absolute().parents]
    return next((one / name for one in folders if (one / name).exists()), folders[0] / name)


def name_from(folder: Path, name: str, place: Path) -> str:
    """The name by which a file is found from a folder.

    Parameters
    ----------
    folder : where a STAR file is written that names it
    name : that it had before; it stays if it leads there, or if there is no such file
    place : of the file
    """
    if not place.is_file():
        return name
    seen = found_from(folder, name)
    if seen.exists() and seen.samefile(place):
        return name
    return os.path.relpath(place.absolute().parent.resolve() / place.name, folder.resolve())


def names_from(folder: Path, names: pl.Series, resolve: Callable[[str], Path]) -> pl.Series:
    """A column of names, each as its file is found from a folder; what is empty stays empty."""
    distinct = [name for name in names.unique(maintain_order=True) if name]
    return names.replace(distinct, [name_from(folder, name, resolve(name)) for name in distinct])


def seen_from(folder: Path, table: Table, resolve: Callable[[str], Path], columns: Sequence[str] = FILES) -> Table:
    """The particles with the names of their files as they are found from a folder.

    Parameters
    ----------
    folder : where a file with the particles is written
    table : particles
    resolve : gives the place of a file that the table names
    columns : that name files; those of detectors are looked at in any case
    """
    frame = table.frame
    changed = [names_from(folder, frame[name], resolve) for name in columns if name in frame.columns]
    groups = {
        identity: replace(group, mtf_file=name_from(folder, group.mtf_file, resolve(group.mtf_file)))
        if group.mtf_file
        else group
        for identity, group in table.optics_groups.items()
    }
    return replace(table.with_frame(frame.with_columns(changed)), optics_groups=groups)


def blocks_seen_from(folder: Path, blocks: Mapping[str, Block], star: Path) -> dict[str, Block]:
    """The tables of a STAR file with the names of their files as they are found from a folder.

    Parameters
    ----------
    folder : where the tables are written anew
    blocks : of the file; what is no table stays
    star : the file
    """
    return {name: _block_seen_from(folder, block, star.absolute().parent) for name, block in blocks.items()}


def _block_seen_from(folder: Path, block: Block, former: Path) -> Block:
    import polars as pl

    if not isinstance(block, pl.DataFrame):
        return block

    def resolve(name: str) -> Path:
        return found_from(former, name)

    texts = {label for label, dtype in block.schema.items() if dtype == pl.String}
    changed = [names_from(folder, block[label], resolve) for label in _LABELS if label in texts]
    if _IMAGE in texts:
        parts = block[_IMAGE].str.splitn("@", 2)
        number, stack = parts.struct.field("field_0"), parts.struct.field("field_1")
        here = pl.DataFrame({"number": number, "stack": names_from(folder, stack, resolve), _IMAGE: block[_IMAGE]})
        named = pl.concat_str("number", pl.lit("@"), "stack")
        changed += here.select(pl.coalesce(named, _IMAGE).alias(_IMAGE)).get_columns()
    return block.with_columns(changed)
