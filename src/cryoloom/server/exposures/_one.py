"""All that is known of one exposure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.data import Movie
from cryoloom.errors import CryoloomError, NotFoundError
from cryoloom.server.exposures._drift import drift_of
from cryoloom.server.models import CTFDocument, DriftDocument, ExposureDocument, NumberDocument, PicksDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryoloom.data import Micrograph
    from cryoloom.server._places import Places
    from cryoloom.server.exposures._sets import ExposureSets

_MOST_PICKS = 50_000


def exposure_document(sets: ExposureSets, places: Places, exposure: int) -> ExposureDocument:
    """All that is known of one exposure; what other runs have not found out yet is None.

    Raises
    ------
    NotFoundError
        If there is no such micrograph.
    """
    micrograph = sets.micrograph(exposure)
    movie, (drift, drift_missing) = _movie(sets, exposure), _drift(places, micrograph)
    return ExposureDocument(
        id=f"{exposure:016x}",
        file=micrograph.movie_file or micrograph.file,
        generation=sets.micrographs.latest().generation,
        acquired_at=micrograph.acquired_at or (movie.acquired_at if movie else ""),
        place=_place(movie),
        width=micrograph.width,
        height=micrograph.height,
        pixel_size=micrograph.pixel_size,
        protein_dark=micrograph.contrast_sign < 0,
        numbers=list(_numbers(micrograph, movie)),
        ctf=_ctf(sets, exposure),
        drift=drift,
        drift_missing=drift_missing,
        picks=_picks(sets, exposure),
    )


def _movie(sets: ExposureSets, exposure: int) -> Movie | None:
    movies = sets.latest("movies")
    found = () if movies is None else movies.items_of(movies.rows([exposure]))
    return next((one for one in found if isinstance(one, Movie)), None)


def _drift(places: Places, micrograph: Micrograph) -> tuple[DriftDocument | None, str]:
    try:
        return drift_of(places, micrograph), ""
    except CryoloomError as error:  # the image can be looked at without it
        return None, str(error)


def _place(movie: Movie | None) -> str:
    """Where on the grid, in words."""
    if movie is None:
        return ""
    parts = (("square", movie.grid_square), ("hole", movie.foil_hole))
    return ", ".join(f"{word} {name}" for word, name in parts if name)


def _numbers(micrograph: Micrograph, movie: Movie | None) -> Iterator[NumberDocument]:
    def number(label: str, value: float | None, unit: str, digits: int) -> NumberDocument:
        return NumberDocument(label=label, value=value, unit=unit, digits=digits)

    known = [
        number("Motion, total", micrograph.motion_total, "Å", 1),
        number("Motion, up to 4 e/Å²", micrograph.motion_early, "Å", 1),
        number("Dose", micrograph.total_dose, "e/Å²", 1),
        number("Frames", movie.frame_count if movie else None, "", 0),
        number("Pixel size", micrograph.pixel_size, "Å/px", 3),
        number("Width", micrograph.width, "px", 0),
        number("Height", micrograph.height, "px", 0),
        number("Voltage", micrograph.optics.voltage if micrograph.attached_optics else None, "kV", 0),
        number("Beam shift, x", movie.beam_shift_x if movie else None, "", 3),
        number("Beam shift, y", movie.beam_shift_y if movie else None, "", 3),
        number("Stage, x", movie.stage_x if movie else None, "µm", 2),
        number("Stage, y", movie.stage_y if movie else None, "µm", 2),
    ]
    return (one for one in known if one.value is not None)


def _ctf(sets: ExposureSets, exposure: int) -> CTFDocument | None:
    source = sets.of("ctfs")
    if source is None:
        return None
    try:
        ctf = sets.ctf(exposure)
    except NotFoundError:  # its turn has not come, or it failed
        return None
    return CTFDocument(run_number=source.run.number, **{name: getattr(ctf, name) for name in _CTF_COLUMNS})


_CTF_COLUMNS = (
    *("defocus_u", "defocus_v", "defocus_angle", "phase_shift", "fit_resolution", "score", "ice_ring"),
    *("ice_thickness_relative", "tilt_angle", "tilt_axis", "warnings"),
)


def _picks(sets: ExposureSets, exposure: int) -> PicksDocument | None:
    import polars as pl

    coordinates, source = sets.latest("coordinates"), sets.of("coordinates")
    if coordinates is None or source is None:
        return None
    columns = [one for one in ("x", "y", "score", "diameter") if one in coordinates.columns]
    found = pl.DataFrame()
    if columns:  # a set that holds nothing has none
        of_exposure = coordinates.scan().filter(pl.col("micrograph_id") == exposure)
        found = of_exposure.select(pl.col(columns).cast(pl.Float64).round(3)).head(_MOST_PICKS).collect()
    values = found.to_dict(as_series=False)
    diameters = (one for one in values.get("diameter", []) if one is not None)
    return PicksDocument(
        run_number=source.run.number,
        protocol=source.run.record.protocol,
        x=values.get("x", []),
        y=values.get("y", []),
        scores=values.get("score", []),
        diameter=next(diameters, None),
    )
