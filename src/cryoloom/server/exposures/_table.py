"""All exposures of a set of micrographs, one row each."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING

from cryoloom.data import Item, Snapshot, parse_expression
from cryoloom.errors import CryoloomError
from cryoloom.server._turns import Kept, Turns
from cryoloom.server.exposures._measures import MEASURES
from cryoloom.server.models import ExposureTable, InputDocument, MeasureDocument

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.server.exposures._measures import Measure
    from cryoloom.server.exposures._sets import ExposureSets

_ANY_SIDE = ("movies", "ctfs", "coordinates")
_FIGURES = 5  # significant, of what is drawn


class ExposureFrames:
    """The rows of sets of exposures that were asked for last."""

    def __init__(self, most: int = 6) -> None:
        self._kept: Kept[tuple[object, ...], pl.DataFrame] = Kept(most, Turns(1, waiting=16))

    def of(self, sets: ExposureSets) -> pl.DataFrame:
        """One row each, as they were exposed: ``id``, ``name``, ``time`` in seconds since 1970, and every measure."""
        snapshots = {kind: snapshot for kind in ("micrographs", *_ANY_SIDE) if (snapshot := sets.latest(kind))}
        key = tuple((str(one.folder), one.generation) for one in snapshots.values())
        return self._kept.of(key, lambda: _joined(snapshots))


def exposure_table(sets: ExposureSets, frames: ExposureFrames) -> ExposureTable:
    """All exposures, column by column.

    Raises
    ------
    NotFoundError
        If no micrograph has come yet.
    """
    import polars as pl

    micrographs = sets.micrographs.latest()
    frame = frames.of(sets)
    measures = [one for one in MEASURES if one.name in frame.columns and frame[one.name].is_not_null().any()]
    linked = {kind: output for kind in ("micrographs", *_ANY_SIDE) if (output := sets.of(kind)) is not None}
    return ExposureTable(
        sets={kind: InputDocument(run=output.run.ulid, output=output.name) for kind, output in linked.items()},
        closed=micrographs.closed,
        count=frame.height,
        ids=[f"{one:016x}" for one in frame["id"]],
        names=frame["name"].to_list(),
        times=frame["time"].to_list(),
        squares=frame["grid_square"].to_list() if frame["grid_square"].is_not_null().any() else [],
        measures=[_document(one) for one in measures],
        values=[frame.select(pl.col(one.name).round_sig_figs(_FIGURES))[one.name].to_list() for one in measures],
    )


def _document(measure: Measure) -> MeasureDocument:
    return MeasureDocument(
        name=measure.name,
        label=measure.label,
        unit=measure.unit,
        expression=measure.expression,
        factor=measure.factor,
        digits=measure.digits,
    )


def _joined(snapshots: dict[str, Snapshot[Item]]) -> pl.DataFrame:
    import polars as pl

    micrographs = snapshots["micrographs"]
    rows = micrographs.to_polars()
    frame = pl.DataFrame(
        {
            "id": rows["id"],
            "name": [_name(row) for row in rows.select(_there(rows, "movie_file", "file")).iter_rows(named=True)],
        }
    ).with_columns(rows.select(_measured(micrographs, "micrographs")))
    frame = frame.with_columns(rows.select(_there(rows, "acquired_at", "modified_ns", "grid_square")))
    if "movies" in snapshots:
        movies = snapshots["movies"].to_polars()
        told = movies.select("id", *_there(movies, "modified_ns", "grid_square"))
        frame = frame.join(told, on="id", how="left", suffix="_of_movie")
    if "ctfs" in snapshots:
        ctfs = snapshots["ctfs"]
        frame = frame.join(ctfs.scan().select("id", *_measured(ctfs, "ctfs")).collect(), on="id", how="left")
    if "coordinates" in snapshots and "micrograph_id" in snapshots["coordinates"].columns:  # else it holds none
        picks = snapshots["coordinates"].scan().group_by("micrograph_id").len("picks").collect()
        frame = frame.join(picks, left_on="id", right_on="micrograph_id", how="left")
    times = [_moment(row) for row in frame.select(_there(frame, *_TIMES)).iter_rows(named=True)]
    squares = [one for one in ("grid_square", "grid_square_of_movie") if one in frame.columns]
    square = pl.coalesce([pl.col(one).replace("", None) for one in squares]) if squares else pl.lit(None, pl.String)
    finite = [
        pl.when(pl.col(one.name).is_finite()).then(pl.col(one.name)) for one in MEASURES if one.name in frame.columns
    ]
    return (
        frame.with_columns(pl.Series("time", times, pl.Float64), square.alias("grid_square"), *finite)
        .select("id", "name", "time", "grid_square", *(one.name for one in MEASURES if one.name in frame.columns))
        .sort("time", "name", nulls_last=True, maintain_order=True)
    )


_TIMES = ("acquired_at", "modified_ns_of_movie", "modified_ns")


def _there(frame: pl.DataFrame, *names: str) -> list[str]:
    return [name for name in names if name in frame.columns]


def _measured(snapshot: Snapshot[Item], kind: str) -> list[pl.Expr]:
    """Those measures that a set can tell, as they are shown."""
    import polars as pl

    found = []
    for measure in MEASURES:
        if measure.kind != kind or not measure.expression:
            continue
        try:
            expression = parse_expression(measure.expression, snapshot.schema).polars
        except CryoloomError:  # a set that was imported may lack the columns
            continue
        found.append((expression.cast(pl.Float64) * measure.factor).alias(measure.name))
    return found


def _name(row: dict[str, str]) -> str:
    return PurePath(row.get("movie_file") or row["file"]).stem


def _moment(row: dict[str, object]) -> float | None:
    """When it was exposed, in seconds since 1970: as the microscope tells it, else when its file was written."""
    told = row.get("acquired_at")
    if isinstance(told, str) and told:
        try:
            return datetime.fromisoformat(told).timestamp()
        except ValueError:  # in words of their own
            pass
    for column in _TIMES[1:]:
        written = row.get(column)
        if isinstance(written, int) and written:
            return written / 1e9
    return None
