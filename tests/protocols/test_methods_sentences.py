"""What each protocol says of itself in a methods section."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cryoloom.data import Coordinate, Item, Micrograph, Movie, Particle, SetWriter, Snapshot, StoredSet
from cryoloom.protocols.preflight import Check, Preflight
from cryoloom.runtime import InstalledEnvironment

SAID = [
    ("filter", {"condition": "score > 1"}, {"kept": 3, "rest": 2}, "Of 5 items, the 3 with score > 1 were kept."),
    ("curate", {}, {"accepted": 3, "rejected": 2}, "Of 5 items, 3 were accepted."),
    (
        "curate",
        {"condition": "score > 1"},
        {"accepted": 3, "rejected": 2},
        "Of 5 items, 3 were accepted, at first those with score > 1.",
    ),
    ("combine", {"operation": "union"}, {"items": 4}, "The union of two sets gave 4 items."),
    (
        "combine",
        {"operation": "difference", "distance": 8},
        {"items": 4},
        "The difference of two sets, matched within 8 px, gave 4 items.",
    ),
    ("split", {}, {"first": 2, "second": 1}, "The set was divided into consecutive parts of 2 and 1 items."),
    ("split", {"seed": 1}, {"first": 2, "second": 1}, "The set was divided into random parts of 2 and 1 items."),
    ("edit", {"assignments": ["a = 1", "b = a"]}, {"items": 2}, "In 2 items, a = 1 and b = a were set."),
    (
        "join",
        {"key": "micrograph_id", "columns": ["defocus_u"]},
        {"items": 2},
        "2 items were given defocus_u of another set, matched by micrograph_id.",
    ),
    (
        "join",
        {"distance": 4.5},
        {"items": 2},
        "2 items were given further columns of another set, matched by position within 4.5 px.",
    ),
    ("import-particles", {"file": "/data/run.star"}, {"particles": 7}, "7 particles were imported from run.star."),
    ("import-volume", {"file": "/data/map.mrc"}, {"volumes": 1}, "The map map.mrc was imported."),
]


@pytest.mark.parametrize(("protocol", "values", "counts", "sentence"), SAID)
def test_a_protocol_speaks_of_what_it_did(
    protocol: str, values: dict[str, Any], counts: dict[str, int], sentence: str
) -> None:
    declared = InstalledEnvironment().protocol(protocol)
    assert declared().methods(declared.Parameters(**values), counts) == sentence


def held(folder: Path, items: Sequence[Item]) -> Snapshot[Any]:
    SetWriter.open(folder, kind=items[0].kind).commit(upsert=items, close=True)
    stored: StoredSet[Any] = StoredSet(folder)
    snapshot = stored.latest()
    assert snapshot is not None
    return snapshot


def movie(number: int, **known: Any) -> Movie:
    return Movie(id=number, file=f"{number}.tif", width=5760, height=4092, **{"pixel_size": 0.832, **known})


def micrograph(number: int, **known: Any) -> Micrograph:
    return Micrograph(id=number, file=f"{number}.mrc", width=2880, height=2046, pixel_size=1.664, **known)


def particle(number: int, pixel_size: float) -> Particle:
    return Particle(id=number, file="a.mrcs", index=number, box_size=200, pixel_size=pixel_size)


def coordinate(number: int, micrograph: int, **known: Any) -> Coordinate:
    return Coordinate(id=number, micrograph_id=micrograph, x=1.0, y=2.0, micrograph_file="a.mrc", **known)


FOUND: list[tuple[str, dict[str, Any], str, Sequence[Item], str]] = [
    (
        "import-movies",
        {"folder": "/data", "voltage": 300, "total_dose": 48.0},
        "movies",
        [movie(1, frame_count=40, dose_per_frame=1.2), movie(2, frame_count=48, dose_per_frame=1.0)],
        "They have 40 to 48 frames, exposed to 1 to 1.2 e/Å² each, of 5760 × 4092 pixels of 0.832 Å.",
    ),
    (
        "motion",
        {"binning": 2.0},
        "micrographs",
        [micrograph(number, total_dose=48.0, gain_orientation="flip-y") for number in (1, 2)],
        (
            "The sums, binned 2 times, have pixels of 1.664 Å. The total dose was 48 e/Å². "
            "The frames were corrected with a gain reference (flip-y)."
        ),
    ),
    ("motion", {}, "micrographs", [micrograph(1)], "The sums have pixels of 1.664 Å."),
    (
        "pick",
        {"diameter": 180.0},
        "coordinates",
        [coordinate(number, micrograph) for number, micrograph in enumerate((1, 1, 1, 2, 3, 3), 1)],
        (
            "What particles look like was learned from each micrograph (after Eldar et al., 2020); scores were higher "
            "than those in noise of the micrograph's own spectrum. Micrographs with particles have 1 to 3, in the "
            "median 2, of them."
        ),
    ),
    (
        "pick",
        {"diameter": 180.0},
        "coordinates",
        [coordinate(number, 1, class_number=1) for number in (1, 2)],
        (
            "Templates were compared at any turn in the plane; scores were higher than those in noise of the "
            "micrograph's own spectrum. Micrographs with particles have 2 of them."
        ),
    ),
    (
        "extract",
        {"diameter": 180.0},
        "particles",
        [particle(1, 1.664), particle(2, 1.67)],
        (
            "The images have 200 pixels of 1.664 to 1.67 Å along an edge. Protein is white; the background outside a "
            "circle around the particle was brought to mean 0 and standard deviation 1."
        ),
    ),
]


@pytest.mark.parametrize(("protocol", "values", "output", "items", "sentences"), FOUND)
def test_it_tells_what_really_came_out(
    tmp_path: Path, protocol: str, values: dict[str, Any], output: str, items: Sequence[Item], sentences: str
) -> None:
    declared = InstalledEnvironment().protocol(protocol)
    parameters = declared.Parameters(**values)
    assert declared().particulars(parameters, {output: held(tmp_path / "set", items)}) == sentences
    assert declared().particulars(parameters, {}) == ""


def test_every_work_that_a_sentence_names_is_among_those_to_be_cited() -> None:
    named = re.compile(r"([A-Z]\w+)(?: et al\.|(?:, [A-Z]\w+)* & [A-Z]\w+),? \(?(\d{4})\)?")
    found = 0
    for protocol in InstalledEnvironment().protocols().values():
        for tells in (protocol.methods, protocol.particulars):
            for author, year in named.findall(inspect.getsource(tells)):
                found += 1
                assert any(work.startswith(author) and year in work for work in protocol.citations), (author, year)
    assert found, "no sentence names a work any more; look for them otherwise"


def test_preflight_cautions_of_what_is_to_be_looked_at_or_stopped_for(tmp_path: Path) -> None:
    checks = [
        Check(id=1, name="dose", verdict="ok", sentence="As stated."),
        Check(id=2, name="pixel size", verdict="look", sentence="It may be otherwise."),
        Check(id=3, name="gain", verdict="stop", sentence="It lies otherwise."),
    ]
    assert Preflight().cautions({"checks": held(tmp_path, checks)}) == [
        "gain, stop: It lies otherwise.",
        "pixel size, look: It may be otherwise.",
    ]
