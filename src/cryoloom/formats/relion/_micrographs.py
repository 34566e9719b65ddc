"""Micrographs, their CTFs, and movies in RELION's layouts."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cryoloom.data import CTF, Item, Micrograph, Movie, Table, counted
from cryoloom.errors import CryoloomError, FormatError
from cryoloom.formats._imported import Imported, as_items
from cryoloom.formats.relion._files import header_of
from cryoloom.formats.relion._identity import named_ids
from cryoloom.formats.relion._labels import CTF as CTF_LABELS
from cryoloom.formats.relion._labels import MICROGRAPH
from cryoloom.formats.relion._optics import (
    NOTHING_ASSUMED,
    NUMBER,
    AssumedAcquisition,
    FileGroup,
    groups_of,
    optics_columns,
)
from cryoloom.formats.relion._optics_table import numbered_uses, optics_table
from cryoloom.formats.relion._tables import extras, find_table, labelled, own_columns, translated
from cryoloom.formats.star import read_star, write_star

_NAME, _NOT_WEIGHTED, _MOVIE = "rlnMicrographName", "rlnMicrographNameNoDW", "rlnMicrographMovieName"
_ASTIGMATISM = "rlnCtfAstigmatism"  # the difference of the two defocus values
_MOTION = "motion_(total|early|late)"
_OF_BOTH = {"id", "parent_id", "optics_group", "pixel_size"}
_LABELS = {_NAME, _NOT_WEIGHTED, _ASTIGMATISM, NUMBER, *(same.label for same in (*MICROGRAPH, *CTF_LABELS))}


def read_micrographs(path: Path | str, *, assumed: AssumedAcquisition = NOTHING_ASSUMED) -> Imported:
    """Read micrographs from a STAR file of RELION; their sizes come from the images.

    Those whose image cannot be read are left out, with the reason.

    A micrograph's identity is drawn from its name, so that particles and coordinates that name it refer to it.

    Parameters
    ----------
    path : the file, in the folder of its project or below
    assumed : for what it does not say
    """
    file = _MicrographFile(Path(path), "micrographs", _NAME, assumed)
    sizes = file.read_sizes()
    names = file.table[_NAME]
    weighted = _NOT_WEIGHTED in file.table.columns
    frame = pl.concat(
        [
            file.identities(),
            (file.table[_NOT_WEIGHTED] if weighted else names).alias("file").to_frame(),
            *([names.alias("dose_weighted_file").to_frame()] if weighted else []),
            sizes,
            file.optics(),
            translated(file.table, MICROGRAPH, Micrograph, file.path.name),
        ],
        how="horizontal",
    )
    frame = frame.with_columns(pl.col(f"^{_MOTION}$") * file.movie_pixel_size())
    rest = extras(file.table, _LABELS, Micrograph, file.path.name)
    of_ctfs = [name for name in rest.columns if name in CTF.schema() and name not in Micrograph.schema()]
    return file.imported(frame, Micrograph, rest.drop(of_ctfs))


def read_ctfs(path: Path | str, *, assumed: AssumedAcquisition = NOTHING_ASSUMED) -> Imported:
    """Read the CTFs of micrographs from a STAR file of RELION; each has the identity of its micrograph."""
    file = _MicrographFile(Path(path), "micrographs", _NAME, assumed)
    frame = pl.concat(
        [file.identities(), file.optics(), translated(file.table, CTF_LABELS, CTF, file.path.name)], how="horizontal"
    )
    if not {"defocus_u", "defocus_v", "defocus_angle"} <= set(frame.columns):
        raise FormatError(f"{file.path.name}: it gives no defocus; its CTFs have not been estimated.", path=file.path)
    rest = extras(file.table, _LABELS, CTF, file.path.name)
    return file.imported(frame, CTF, rest.select(name for name in rest.columns if name in CTF.schema()))


def read_movies(path: Path | str, *, assumed: AssumedAcquisition = NOTHING_ASSUMED) -> Imported:
    """Read movies from a STAR file of RELION; their sizes come from the movies, and those without one are left out."""
    file = _MicrographFile(Path(path), "movies", _MOVIE, assumed)
    sizes = file.read_sizes(frames=True)
    names = file.table[_MOVIE].alias("file")
    frame = pl.concat([file.identities(), names.to_frame(), sizes, file.optics()], how="horizontal")
    return file.imported(frame, Movie, extras(file.table, {_MOVIE, NUMBER}, Movie, file.path.name))


def write_micrographs(path: Path | str, micrographs: Table, ctfs: Table | None = None) -> tuple[str, ...]:
    """Write micrographs, with their CTFs if given, for RELION 3.1 and later.

    Micrographs without a CTF are left out if others have one. A column of both that CTFs do not declare is the
    micrographs'.

    Parameters
    ----------
    path : the file
    micrographs : items of the kind `Micrograph`
    ctfs : items of the kind `CTF`, with the identities of their micrographs

    Returns
    -------
    tuple of str
        What was left out, one sentence each.
    """
    path = Path(path)
    remarks: list[str] = []
    columns: list[pl.DataFrame] = []
    if ctfs is not None:
        known = ctfs.frame["id"].implode()
        count = len(micrographs)
        micrographs = micrographs.with_frame(micrographs.frame.filter(pl.col("id").is_in(known)))
        if len(micrographs) < count:
            remarks.append(f"{counted(count - len(micrographs), 'micrographs')} without a CTF left out.")
        fits = micrographs.frame.select("id").join(ctfs.frame, on="id", how="left", maintain_order="left")
        astigmatism = (fits["defocus_u"] - fits["defocus_v"]).abs().alias(_ASTIGMATISM)
        of_micrographs = {name for name in micrographs.frame.columns if name not in CTF.schema()}
        of_fits, dropped = own_columns(fits, {*_OF_BOTH, *of_micrographs, *(same.column for same in CTF_LABELS)})
        remarks += [f"The column {name} was left out: STAR holds no lists." for name in dropped]
        columns += [labelled(fits, CTF_LABELS, path.name), astigmatism.to_frame(), of_fits]
    frame = micrographs.frame
    weighted = "dose_weighted_file" in frame.columns and frame["dose_weighted_file"].null_count() == 0
    names = {_NAME: frame["dose_weighted_file"], _NOT_WEIGHTED: frame["file"]} if weighted else {_NAME: frame["file"]}
    sizes = {group.id: group.detector_pixel_size for group in micrographs.optics_groups.values()}
    movie_pixel_size = pl.col("optics_group").replace_strict(sizes, default=None).fill_null(pl.col("pixel_size"))
    in_pixels = frame.with_columns(pl.col(f"^{_MOTION}$") / movie_pixel_size)
    columns = [pl.DataFrame(names), labelled(in_pixels, MICROGRAPH, path.name), *columns]
    used = {"file", "dose_weighted_file", *(same.column for same in MICROGRAPH)}
    remarks += _write(path, "micrographs", micrographs, columns, used)
    return tuple(remarks)


def write_movies(path: Path | str, movies: Table) -> tuple[str, ...]:
    """Write movies for RELION 3.1 and later; returns what was left out, one sentence each."""
    path = Path(path)
    return tuple(_write(path, "movies", movies, [pl.DataFrame({_MOVIE: movies.frame["file"]})], {"file"}))


def _write(path: Path, block: str, items: Table, columns: list[pl.DataFrame], used: set[str]) -> list[str]:
    uses, numbers = numbered_uses(items, path.name)
    rest, dropped = own_columns(items.frame, {"optics_group", "pixel_size", *used})
    table = pl.concat([*columns, numbers.to_frame(), rest], how="horizontal")
    optics = optics_table(uses, of_micrographs=True)
    if block == "movies":
        optics = optics.with_columns(rlnMicrographOriginalPixelSize="rlnMicrographPixelSize").drop(
            "rlnMicrographPixelSize"
        )
    write_star(path, {"optics": optics, block: table})
    return [f"The column {name} was left out: STAR holds no lists." for name in dropped]


class _MicrographFile:
    """A STAR file with one row for each exposure."""

    def __init__(self, path: Path, block: str, label: str, assumed: AssumedAcquisition) -> None:
        self.path = path
        blocks = read_star(path)
        self.table = find_table(blocks, block, label, path.name)
        if "rlnImageName" in self.table.columns or "rlnCoordinateX" in self.table.columns:
            raise FormatError(f"{path.name}: it lists particles, not {block}.", path=path)
        self.remarks: list[str] = []
        self._unreadable: dict[str, str] = {}
        self._label = label
        self._groups, self._numbers = groups_of(blocks, self.table, assumed, path.name, self.remarks)

    def identities(self) -> pl.DataFrame:
        return named_ids(self.table[self._label], "micrograph").alias("id").to_frame()

    def optics(self) -> pl.DataFrame:
        """Identity of the optics group, and the pixel size."""
        groups = {number: self._with_pixel_size(number, use) for number, use in self._groups.items()}
        return optics_columns(groups, self._numbers, "pixel_size")

    def read_sizes(self, *, frames: bool = False) -> pl.DataFrame:
        """Of the images, from their headers; rows whose image cannot be read are left out of the table from here on."""
        shapes: list[tuple[int, ...]] = []
        for name in self.table[self._label]:
            try:
                shapes.append(header_of(name, self.path).shape)
            except CryoloomError as error:
                self._unreadable[name] = str(error)
        readable = ~self.table[self._label].is_in(list(self._unreadable))
        self.table, self._numbers = self.table.filter(readable), self._numbers.filter(readable)
        names = ("frame_count", "height", "width")
        sizes = pl.DataFrame(shapes, schema=dict.fromkeys(names, pl.Int64), orient="row")
        return sizes if frames else sizes.drop("frame_count")

    def movie_pixel_size(self) -> pl.Series:
        """Of the unbinned movie of each row, in Å: RELION measures motion in its pixels, though it says Å."""
        sizes = {
            number: use.group.detector_pixel_size or self._with_pixel_size(number, use).pixel_size
            for number, use in self._groups.items()
        }
        return self._numbers.replace_strict(sizes, return_dtype=pl.Float64)

    def _with_pixel_size(self, number: int, use: FileGroup) -> FileGroup:
        pixel_size = use.group.detector_pixel_size if use.pixel_size is None else use.pixel_size
        if pixel_size is None:
            raise FormatError(f"{self.path.name}: the pixel size of the optics group {number} is not stated; give it.")
        return FileGroup(use.group, pixel_size, None)

    def imported(self, frame: pl.DataFrame, kind: type[Item], rest: pl.DataFrame) -> Imported:
        frame = frame.with_columns(rest.get_columns())
        groups = [use.group for use in self._groups.values()]
        return Imported(as_items(frame, kind, groups, self.path.name), tuple(self.remarks), self._unreadable)
