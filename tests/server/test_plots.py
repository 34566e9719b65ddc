"""Columns against each other: counted as NumPy counts, never more sent than a plot shows, and what is none is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

from cryoloom.data import SetWriter, Snapshot, StoredSet
from cryoloom.errors import InputError, NotFoundError, ParameterError
from cryoloom.runtime import Project
from cryoloom.server.tables import DENSITY, MOST_POINTS, Plots, plot_of


def stored(folder: Path, count: int) -> Snapshot[Any]:
    random = np.random.default_rng(2)
    score = random.normal(size=count)
    score[::10] = np.nan
    frame = pl.DataFrame(
        {
            "id": np.arange(1, count + 1, dtype=np.uint64),
            "micrograph_id": np.ones(count, np.uint64),
            "x": random.uniform(0.0, 4096.0, count),
            "y": random.normal(2000.0, 300.0, count),
            "score": score,
            "class_number": random.integers(1, 7, count),
            "micrograph_file": [f"m{number}" for number in np.minimum(random.geometric(0.3, count), 60)],
        }
    )
    SetWriter.open(folder, "coordinates").commit(frame)
    latest: Snapshot[Any] | None = StoredSet[Any](folder).latest()
    assert latest is not None
    return latest


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Snapshot[Any]:
    return stored(tmp_path_factory.mktemp("few") / "set", 2000)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Snapshot[Any]:
    return stored(tmp_path_factory.mktemp("many") / "set", 2 * MOST_POINTS)


def test_a_histogram_counts_every_known_value_once(few: Snapshot[Any]) -> None:
    plot = plot_of(few, "", "score")
    values = few.to_polars(["score"])["score"].to_numpy()
    known = values[np.isfinite(values)]
    assert (plot.drawn, plot.matching, plot.unknown) == ("histogram", 2000, 200)
    assert (plot.x.low, plot.x.high) == (known.min(), known.max())
    assert plot.counts == np.histogram(known, plot.columns)[0].tolist()


def test_whole_numbers_have_a_bin_each(few: Snapshot[Any]) -> None:
    plot = plot_of(few, "", "class_number")
    assert (plot.x.whole, plot.x.low, plot.x.high, plot.columns) == (True, 0.5, 6.5, 6)
    assert plot.counts == np.bincount(few.to_polars(["class_number"])["class_number"])[1:].tolist()


def test_text_is_counted_by_value_the_commonest_first(few: Snapshot[Any]) -> None:
    plot = plot_of(few, "", "micrograph_file")
    assert (plot.drawn, plot.values[0]) == ("bars", "m1")
    assert sum(plot.counts) + plot.others == 2000
    assert plot.counts == sorted(plot.counts, reverse=True)


def test_few_rows_are_points_of_their_own(few: Snapshot[Any]) -> None:
    plot = plot_of(few, "x < 2000", "x", "score")
    rows = few.to_polars(filter="x < 2000")
    wanted = [(x, y) for x, y in rows.select("x", "score").iter_rows() if y == y]
    assert (plot.drawn, list(zip(plot.points_x, plot.points_y, strict=True)), plot.counts) == ("points", wanted, [])
    assert (plot.matching, plot.unknown) == (rows.height, rows.height - len(wanted))


def test_many_rows_are_a_density_that_is_never_larger(many: Snapshot[Any]) -> None:
    plot = plot_of(many, "", "x", "score")
    assert (plot.drawn, plot.points_x, len(plot.counts)) == ("density", [], DENSITY**2)
    rows = many.to_polars(["x", "score"]).filter(pl.col("score").is_not_nan() & pl.col("score").is_not_null())
    wanted, *_ = np.histogram2d(rows["score"], rows["x"], DENSITY)
    assert sum(plot.counts) == rows.height == plot.matching - plot.unknown
    # bins that share an edge may part a value that lies on it otherwise
    assert np.abs(np.array(plot.counts).reshape(DENSITY, DENSITY) - wanted).sum() <= 4


def test_one_value_and_no_value_have_axes_too(few: Snapshot[Any]) -> None:
    one = plot_of(few, "id == 7", "x", "y")
    assert one.x.low < one.points_x[0] < one.x.high
    none = plot_of(few, "x < 0", "x")
    assert (none.matching, sum(none.counts), none.x.low < none.x.high) == (0, 0, True)


def test_what_cannot_be_laid_out_is_said(few: Snapshot[Any]) -> None:
    for x, y, kind, said in (
        ("z", "", NotFoundError, "no column 'z'"),
        ("id", "", InputError, "identities"),
        ("x", "micrograph_file", InputError, "no numbers"),
        ("micrograph_file", "x", InputError, "no numbers"),
    ):
        with pytest.raises(kind, match=said):
            plot_of(few, "", x, y)
    with pytest.raises(ParameterError, match="cannot be read"):
        plot_of(few, "x <", "x")


def test_a_plot_is_worked_out_once_and_forgotten_within_a_bound(many: Snapshot[Any]) -> None:
    plots = Plots(most_bytes=400_000)
    first = plots.plot(many, "", "x", "y")
    assert plots.plot(many, "", "x", "y") is first
    for y in ("score", "class_number", "x"):
        plots.plot(many, "", "x", y)
        assert plots.remembered.bytes <= 400_000
    assert len(plots.remembered) < 4


def test_plots_come_through_the_interface(browser: TestClient, imported: Project) -> None:
    address = f"/api/projects/{imported.record.ulid}/runs/{imported.run(1).ulid}/outputs/movies/plot"
    plot = browser.get(address, params={"x": "frame_count"}).json()
    assert (plot["drawn"], plot["counts"], plot["y"]) == ("histogram", [3], None)
    assert browser.get(address).status_code == 422
    assert browser.get(address, params={"x": "frames"}).status_code == 404
