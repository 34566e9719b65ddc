"""The report is one page that needs no other file, and shows what was found."""

from __future__ import annotations

import html.parser
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cryoloom.data import CTF, Coordinate, Micrograph
from cryoloom.formats import write_image, write_volume
from cryoloom.protocols.charts import Line, drift_track, histogram, lines, nice_ticks, over_session
from cryoloom.protocols.report import Exposure, Failure, Findings, Warned, micrograph_picture, report_page
from cryoloom.runtime import Project, findings_of
from cryoloom.workflow.citations import Citation
from cryoloom.workflow.methods import Methods


def findings(count: int, **more: object) -> Findings:
    exposures = [
        Exposure(
            Micrograph(
                id=number,
                file=f"{number}.mrc",
                movie_file=f"/raw/<movie> {number}.tif",
                width=400,
                height=300,
                pixel_size=1.5,
                motion_total=10.0 + number,
                total_dose=36.0,
            ),
            CTF(
                id=number,
                defocus_u=15_000.0 + number,
                defocus_v=14_000.0,
                defocus_angle=10.0,
                pixel_size=1.5,
                fit_resolution=9.0 - number,
                warnings=("Ice ring & more.",),
            ),
            [Coordinate(id=100 + number, micrograph_id=number, x=200.0, y=50.0, diameter=90.0)],
        )
        for number in range(1, count + 1)
    ]
    return Findings(title="A & B", project=Path("/nowhere"), exposures=exposures, **more)  # type: ignore[arg-type]


def page_of(found: Findings, shown: int = 6) -> str:
    return report_page(
        found, picture_of=lambda _: b"\xff\xd8", drift_of=lambda _: [(0.0, 0.0), (1.0, 2.0)], shown=shown
    )


class Checker(html.parser.HTMLParser):
    """Follows which elements are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href"}]
        if tag not in {"meta", "img", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_escapes_names_and_fetches_nothing() -> None:
    cited = Citation(doi="10.1000/x", text="10.1000/x", protocols=("motion",), bibtex="")
    methods = Methods(text="3 < 4.", steps=(), citations=(cited,), versions={}, remarks=("Run 2 <stale>.",))
    found = findings(3, failures=[Failure("2 motion", "<bad>", "It is cut short.")], methods=methods)
    checker = Checker()
    checker.feed(page_of(found))
    assert checker.open == []
    assert "&lt;movie&gt; 1.tif" in page_of(found)
    assert "&lt;bad&gt;" in page_of(found)
    assert "3 &lt; 4." in page_of(found)
    assert "Run 2 &lt;stale&gt;." in page_of(found)
    outside = [address for address in checker.addresses if not address.startswith("data:")]
    assert outside == ["https://doi.org/10.1000/x"], "links to papers only"


def test_what_steps_warn_of_is_told_once_with_its_items() -> None:
    few = [Warned("2 motion", "<Drift>.", ["m1", "m2", "m3", "m4", "m5"]), Warned("1 import", "One file.")]
    page = page_of(findings(1, warnings=few))
    assert "<td>2 motion</td><td>m1, m2, m3 and 2 more</td><td>&lt;Drift&gt;.</td>" in page
    assert "<td>1 import</td><td></td><td>One file.</td>" in page
    many = page_of(findings(1, warnings=[Warned("2 motion", f"Warning {number}.", ["m1"]) for number in range(130)]))
    assert (many.count("<td>2 motion</td>"), "30 more" in many) == (100, True)
    assert "<h2>Warnings</h2>" not in page_of(findings(1))


def test_the_numbers_on_the_page_are_those_of_the_sets() -> None:
    page = page_of(findings(5, particle_count=1234, movie_count=7)).partition("<section>")[0]
    numbers = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+?) ?<", page))
    assert numbers["movies"] == "7"
    assert numbers["micrographs"] == "5"
    assert numbers["particles"] == "1234"
    assert numbers["picks"] == "5"
    assert numbers["median CTF fit"] == "6.0"


def test_the_best_exposure_comes_first_and_the_rest_is_counted() -> None:
    page = page_of(findings(9), shown=3)
    assert re.findall(r"<h3>&lt;movie&gt; (\d)\.tif", page)[0] == "9"
    assert page.count("<article>") == 3
    assert "6 more exposures" in page


def test_a_citation_is_shown_with_its_journal() -> None:
    cited = Citation(
        doi="10.7554/eLife.06980", text="Grant & Grigorieff (2015), eLife 4:e06980", protocols=(), bibtex=""
    )
    methods = Methods(text="So.", steps=(), citations=(cited,), versions={}, remarks=())
    assert (
        "<li>Grant &amp; Grigorieff (2015), eLife 4:e06980, "
        '<a href="https://doi.org/10.7554/eLife.06980">10.7554/eLife.06980</a></li>'
    ) in page_of(findings(1, methods=methods))


def test_a_report_in_a_project_tells_how_its_sets_were_made(make_project: Callable[[], Any], tmp_path: Path) -> None:
    """One image among two is cut short; the page says what was run, and what failed of it."""
    folder = tmp_path / "images"
    folder.mkdir()
    random = np.random.default_rng(3)
    for name in ("one.mrc", "two.mrc"):
        write_image(folder / name, random.normal(size=(96, 96)).astype(np.float32), pixel_size=2.0)
    (folder / "two.mrc").write_bytes((folder / "two.mrc").read_bytes()[:-1000])
    project = make_project()
    images = project.add("import-micrographs", folder=folder, voltage=200, settle=0.0)
    report = project.add("report", micrographs=images.outputs["micrographs"])
    project.drive(images, report)
    page = (report.folder.path / "files" / "report" / "report.html").read_text(encoding="utf-8")
    told = page.partition("<h2>Methods</h2>")[2]
    assert "1 micrograph was imported, recorded at 200 kV." in told
    assert "Versions: cryoloom" in told
    assert "1 of 2 items failed" in told
    assert "numbers may change" not in told


def test_an_empty_session_has_a_page() -> None:
    page = page_of(Findings(title="Nothing yet", project=Path("/nowhere"), exposures=[]))
    assert "nothing yet" in page


def test_a_histogram_shows_every_value_once() -> None:
    random = np.random.default_rng(2)
    values = random.normal(5.0, 1.0, 200).tolist()
    heights = [float(height) for height in re.findall(r'<rect[^>]*height="([\d.]+)"', histogram(values, "x"))]
    scale = max(heights)
    counts = np.histogram(values, bins=len(heights))[0]
    assert np.array(heights) / scale == pytest.approx(counts / counts.max(), abs=0.01)


def test_ticks_are_round_and_within_the_range() -> None:
    assert nice_ticks(0.0, 10.0) == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert nice_ticks(0.0, 3.0, 6, 1.0) == [0.0, 1.0, 2.0, 3.0]
    assert all(0.13 <= tick <= 0.94 for tick in nice_ticks(0.13, 0.94))


def test_gaps_and_single_values_draw() -> None:
    assert over_session([1.0, None, 3.0], "Drift (Å)").count("<circle") == 2
    assert drift_track([(0.0, 0.0)]).count('class="start"') == 1


def test_a_picture_keeps_the_order_of_rows() -> None:
    import io

    from PIL import Image

    image = np.zeros((300, 400), np.float32)
    image[:100] = 1.0
    picture = np.asarray(Image.open(io.BytesIO(micrograph_picture(image))))
    assert picture[:80].mean() > 200
    assert picture[120:].mean() < 50


def test_what_cannot_come_is_not_waited_for() -> None:
    """An imported micrograph has no movie, so that nothing will be known of its drift; that of a session may come."""
    session = findings(2)
    waiting = [replace(one, micrograph=replace(one.micrograph, motion_total=None)) for one in session.exposures]
    imported = [replace(one, micrograph=replace(one.micrograph, movie_file="")) for one in waiting]
    assert page_of(replace(session, exposures=waiting)).count("Drift (Å): nothing yet</text>") == 2
    page = page_of(replace(session, exposures=imported))
    assert "Drift" not in page
    assert "Astigmatism (nm)" in page


def test_a_fit_to_the_edge_of_the_search_may_reach_further() -> None:
    found = findings(1)  # its CTF fits to 8 Å
    assert "Å or better (edge of the search)" not in page_of(found)
    assert "Å or better (edge of the search)" not in page_of(replace(found, finest_fitted=4.0))
    assert page_of(replace(found, finest_fitted=8.0)).count("8.0 <small>Å or better (edge of the search)</small>") == 2


def test_the_legend_of_a_chart_lies_above_its_curves_and_within_its_width() -> None:
    labels = ("corrected", "phase-randomised", "maps of so many particles, each half refined")
    chart = lines([Line(label, [0.0, 1.0], [1.0, 1.0]) for label in labels], "1/Å", "correlation", y_range=(0.0, 1.0))
    named = {text: (float(x), float(y)) for x, y, text in re.findall(r'"label" x="(\d+)" y="(\d+)">([^<]+)<', chart)}
    (down,) = (float(value) for value in re.findall(r'<g transform="translate\(0 (\d+)\)">', chart))
    (tops,) = {y for _, y in re.findall(r"([\d.]+),([\d.]+)", " ".join(re.findall(r'points="([^"]+)"', chart)))}
    for label in labels:
        x, y = named[label]
        assert y < down + float(tops)
        assert x + 6.1 * len(label) < 360  # letters of 11 pixels are 6.1 wide in the mean
    assert 'viewBox="0 0 360 210"' in chart  # three rows of 14 above a chart of 168


def test_the_curves_beside_a_map_are_of_the_run_that_made_it(make_project: Callable[[], Any], tmp_path: Path) -> None:
    """Two postprocessings of one map give curves of the same map, which are not the same curves."""
    random = np.random.default_rng(7)
    z, y, x = np.mgrid[-16:16, -16:16, -16:16]
    ball = 4.0 * (np.sqrt(z**2 + y**2 + x**2) < 8)
    for name in ("map", "half1", "half2"):
        volume = ball + random.normal(size=ball.shape)
        write_volume(tmp_path / f"{name}.mrc", volume.astype(np.float32), pixel_size=3.0)
    project = make_project()
    halves = {name: tmp_path / f"{name}.mrc" for name in ("half1", "half2")}
    imported = project.add("import-volume", file=tmp_path / "map.mrc", **halves)
    first, second = (project.add("postprocess", volumes="1.volumes", seed=seed) for seed in (1, 2))
    project.drive(imported, first, second)
    for run in (first, second):
        shown = findings_of(project, [run.outputs["volumes"]])
        assert [name for name in shown.shown if ".fscs" in name] == [f"{run.number}.fscs (4 fscs)"]
        assert list(shown.reconstruction.curves) == list(run.outputs["fscs"])
    named = findings_of(project, [first.outputs["volumes"], second.outputs["fscs"]])
    assert list(named.reconstruction.curves) == list(second.outputs["fscs"])


def test_how_far_ctfs_were_fitted_is_taken_from_the_run_that_did(tmp_path: Path) -> None:
    session = shutil.copytree(Path(__file__).parents[1] / "formats" / "session-1", tmp_path / "session")
    assert findings_of(Project.open(session)).finest_fitted == 4.0
