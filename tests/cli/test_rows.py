"""On a small screen, rows show what a person reads first, with whole headings."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from cryoloom.cli._rows import columns_for_people, shown_rows, with_crossings
from cryoloom.data import Table, item_kind, item_kinds
from cryoloom.runtime import InstalledEnvironment

BY_PROTOCOLS = {
    *("confidence", "reliable", "proposed_symmetry", "symmetry_correlation", "axes_of", "least_correlation"),
}
ROUND = "runs/000009-abinitio/files/maps/round_1-0000000000000001"
ROWS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "classes3d": (
        {"file": f"{ROUND}_class1.mrc", "pixel_size": 4.0, "box_size": 80, "particle_count": 1108, "share": 1.0}
        | {"confidence": 0.967},
        ["confidence", "particle_count"],
    ),
    "classes2d": (
        {"file": f"{ROUND}.mrcs", "index": 0, "pixel_size": 3.33, "box_size": 96, "particle_count": 97, "share": 0.1}
        | {"resolution": 15.2, "label": 1, "proposed": False, "reason": "It holds fewer than a hundredth of all."},
        ["label", "particle_count", "resolution", "proposed", "reason"],
    ),
    "volumes": (
        {"file": f"{ROUND}_map.mrc", "pixel_size": 3.3, "box_size": 96, "resolution": 6.67, "symmetry": "C1"}
        | {"axes_of": "C3", "least_correlation": 0.97},
        ["resolution", "symmetry", "axes_of", "least_correlation"],
    ),
    "ctfs": (
        {"defocus_u": 19397.4, "defocus_v": 19076.0, "defocus_angle": 103.893, "score": 0.96143}
        | {"fit_resolution": 4.05, "spectrum_picture": "runs/4/files/spectra/movie_0001-96d419ec10688c3f.png"},
        ["spectrum_picture", "defocus_u", "fit_resolution"],
    ),
    "checks": (
        {"name": "pixel size", "verdict": "stop", "stated": "0.83 Å", "measured": "1.66 Å"}
        | {"sentence": "The headers of the movies say twice what was stated; set pixel_size to 1.66."},
        ["name", "verdict", "sentence"],
    ),
}


def as_printed(table: Table, *wanted: str, width: int = 80) -> str:
    columns = columns_for_people(table, width, wanted)
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(shown_rows(table.with_frame(table.frame.select(columns)), width))
    return console.export_text()


@pytest.fixture(scope="module", autouse=True)
def _kinds_of_protocols() -> None:
    InstalledEnvironment().protocols()


@pytest.mark.parametrize("kind", ROWS)
def test_what_is_read_first_is_shown_at_80_columns(kind: str) -> None:
    row, expected = ROWS[kind]
    printed = as_printed(Table.of([{"id": 1, **row}], kind))
    heading = printed.splitlines()[0].split()
    assert [name for name in heading if name in expected] == expected
    assert all(len(line) <= 80 for line in printed.splitlines())


def test_what_is_filtered_by_is_shown_beside_what_is_read_first() -> None:
    table = Table.of([{"id": 1, **ROWS["ctfs"][0]}], "ctfs")
    heading = as_printed(table, "defocus_angle").splitlines()
    assert {"defocus_angle", "defocus_u", "spectrum_picture"} <= set(heading[0].split())
    assert {"[Å]", "[degrees]"} <= set(heading[1].split()), "units stand below the names"


def test_a_name_of_a_file_keeps_its_beginning_and_its_end() -> None:
    long = "FoilHole_30005031_Data_30004127_30004129_20240101_123456_Fractions-96d419ec10688c3f_DW.mrc"
    rows = [{"id": 1, "file": f"runs/3/files/{long}", "width": 64, "height": 64, "pixel_size": 1.0}]
    printed = as_printed(Table.of(rows, "micrographs"))
    (name,) = (word for word in printed.split() if word.startswith("FoilHole"))
    assert len(name) <= 80 // 3
    assert name.endswith("-…_DW.mrc")


def test_curves_say_where_they_fall() -> None:
    frequency = np.arange(0, 51) / 100  # to 1/2 Å⁻¹
    rows = [
        {"id": 1, "volume_id": 9, "curve": "masked", "frequency": frequency, "correlation": 1 - 2 * frequency},
        {"id": 2, "volume_id": 9, "curve": "noise", "frequency": frequency, "correlation": 0 * frequency},
    ]
    table = with_crossings(
        Table.of(
            [{**row, "frequency": tuple(row["frequency"]), "correlation": tuple(row["correlation"])} for row in rows],
            "fscs",
        )
    )
    # a straight line from 1 to 0 at 1/2 Å⁻¹: 0.5 at 1/4 Å⁻¹, 0.143 at 0.4285 Å⁻¹
    assert table.frame["crosses_0.5"].to_list() == [pytest.approx(4.0), None]
    assert table.frame["crosses_0.143"][0] == pytest.approx(2 / (1 - 0.143))
    printed = as_printed(table)
    assert "crosses_0.143" in printed
    assert "masked" in printed


def test_what_is_read_first_is_there() -> None:
    for kind in item_kinds():
        declared = set(item_kind(kind).schema().names) | BY_PROTOCOLS
        computed = {"crosses_0.5", "crosses_0.143"} if kind == "fscs" else set()
        assert set(item_kind(kind).read_first) <= declared | computed, kind
