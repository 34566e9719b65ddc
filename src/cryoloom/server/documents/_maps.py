"""Maps of runs, with what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cryoloom.data import Particle
from cryoloom.errors import CryoloomError
from cryoloom.server._numbers import is_length
from cryoloom.server._upstream import input_of
from cryoloom.server.maps import KnownMap, charts_of, first_level, maps_of
from cryoloom.server.models import LevelDocument, LocalRange, MapEntry, MapFile, VolumeDocument, WhichMap

if TYPE_CHECKING:
    from pathlib import Path

    from cryoloom.server._places import Places
    from cryoloom.workflow.project import Run

_HALVES = "Fourier shell correlation of the half maps, 0.143, corrected for the mask"


def map_entries(run: Run, places: Places) -> list[MapEntry]:
    """The maps that a run has to do with; none if it has none."""
    return [_entry(known, number) for number, known in enumerate(maps_of(run, places), start=1)]


def volume_document(known: KnownMap) -> VolumeDocument:
    """What is known of a map.

    Raises
    ------
    NotFoundError, InputError
        If the map itself is not there any more, or cannot be read.
    """
    row = known.row
    found, missing = _found_files(known)
    untrusted = _why_no_trust_page(known)
    level = first_level(found["map"], found.get("mask"))
    return VolumeDocument(
        entry=_entry(known, row.get("class_number") or 1),
        box_size=row["box_size"],
        pixel_size=row["pixel_size"],
        resolution=known.resolution,
        resolution_rule=_rule(known),
        headline=_headline(known),
        trusted=bool(row.get("trust_file")) and not untrusted,
        symmetry=row.get("symmetry") or "",
        particle_count=_particle_count(known),
        b_factor=row.get("b_factor"),
        hand=row.get("hand") or "",
        files=[_file(which, path) for which, path in found.items()],
        missing=[*missing, untrusted] if untrusted else missing,
        level=LevelDocument(value=level.value, rule=level.rule, mean=level.mean, sigma=level.sigma),
        local_resolution=_local(known) if "local_resolution" in found else None,
        charts=charts_of(known),
    )


def _entry(known: KnownMap, number: int) -> MapEntry:
    name = f"Class {known.row['class_number']}" if known.row.get("class_number") else f"Map {number}"
    return MapEntry(run=known.run.ulid, output=known.output, item=known.item, name=name, file=known.row["file"])


def _found_files(known: KnownMap) -> tuple[dict[str, Path], list[str]]:
    """Files that can be read, and why others cannot."""
    found: dict[str, Path] = {"map": known.file("map")}
    missing = []
    for which in [which for which in known.named_files() if which not in found]:
        try:
            found[which] = known.file(which)
        except CryoloomError as error:
            missing.append(str(error))
    return found, missing


def _why_no_trust_page(known: KnownMap) -> str:
    """Why the trust page that is named cannot be shown; empty if it can, or none is named."""
    if not known.row.get("trust_file"):
        return ""
    try:
        known.trust_page()
    except CryoloomError as error:
        return str(error)
    return ""


def _file(which: str, path: Path) -> MapFile:
    return MapFile(which=cast("WhichMap", which), name=path.name, bytes=path.stat().st_size)


def _rule(known: KnownMap) -> str:
    if known.resolution is None:
        return ""
    return f"{_HALVES}; no more than its trust page believes" if known.row.get("trust_file") else _HALVES


def _headline(known: KnownMap) -> str:
    if known.trust.headline.sentence:
        return known.trust.headline.sentence
    return known.said_resolution or "Its resolution has not been measured."


def _local(known: KnownMap) -> LocalRange | None:
    measured = known.local_resolution
    if measured is None:
        return None
    run, row = measured
    found = [row.get(name) for name in ("median", "finest", "coarsest")]
    if not all(map(is_length, found)):  # nowhere could it be told
        return None
    return LocalRange(median=row["median"], finest=row["finest"], coarsest=row["coarsest"], run_number=run.number)


def _particle_count(known: KnownMap) -> int | None:
    """Particles that a map was made of, by its own run or by the one that its map came from."""
    run, seen = known.run, set[str]()
    while run.ulid not in seen:
        seen.add(run.ulid)
        for output in run.outputs.values():
            if "particle_count" in known.row:
                return int(known.row["particle_count"])
            if output.kind == Particle.kind and (count := int(output.as_document()["count"])):
                return count
        given = input_of(run, "volumes")
        if given is None:
            return None
        run = given.run
    return None
