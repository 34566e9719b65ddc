"""A 4096 × 4096 micrograph with 2000 picks in the browser: from the click to the picture, and changes of its contrast.

    python bench/web_micrograph.py [--full] [--edge 4096] [--picks 2000] [--micrographs 5] [--seconds 4] [--json]

A real server serves a project whose micrographs, CTFs and picks were made by real runs, and Chromium draws it without
a graphics processor, on a canvas of 1280 × 960 pixels. A script that is put before those of the app marks in
the browser's own trace when the page receives a click and when it has drawn; the trace tells when the frame to which
that belongs was on the screen. There must be circles on it.

Each micrograph is opened by a click on its row of the table: at first when nobody has looked at any of them, which is
told, but promised to nobody; then all of them again by a page that was loaded anew and holds nothing of them (warm:
the server has drawn them before); then one after the other by the arrow key. Contrast is changed by dragging one of
its handles to and fro, one pixel at a time as fast as the browser takes it; what is counted are frames on the screen
in which the image was drawn.
"""

from __future__ import annotations

import itertools
import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromium
import numpy as np
import reporting
from chromium import Page, browsing
from scipy.fft import irfft2, rfft2
from serving import serving

from cryoloom.data import Coordinate, SetWriter, child_id, quantised_position
from cryoloom.engine.optics import ContrastTransfer, transfer_function
from cryoloom.formats import write_image
from cryoloom.runtime import Project

PIXEL = 0.83  # Å
OPTICS = {"voltage": 300.0, "spherical_aberration": 2.7, "amplitude_contrast": 0.1}
DIAMETER = 150.0  # Å
CANVAS = (1280, 960)
MOST_SECONDS = 0.5
LEAST_FRAMES = 20.0
WORDS = {
    "cold": "click on one that nobody has looked at",
    "warm": "click on one that the server has drawn before",
    "walked": "arrow key to the next one",
}
_WINDOW = (1920, 1200)
_LEAST_CIRCLED = 2000  # pixels
_WATCH = """
(() => {
  const own = CanvasRenderingContext2D.prototype.putImageData;
  window.drawn = 0;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    own.apply(this, given);
    if (!this.canvas.closest(".stage")) return;
    window.drawn++;
    performance.mark("drawn");
  };
  for (const kind of ["click", "keydown"]) addEventListener(kind, () => performance.mark("begun"), true);
})();
"""
_SETTLED = """
new Promise((done) => {
  const settle = (frames) => (frames ? requestAnimationFrame(() => settle(frames - 1)) : setTimeout(done, 500));
  settle(5);
})
"""
_CIRCLED = """
(() => {
  const canvas = document.querySelector(".stage canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let circled = 0;
  for (let at = 0; at < data.length; at += 4) circled += data[at + 2] - data[at] > 60;
  return circled;
})()
"""


def make_project(folder: Path, edge: int, picks: int, micrographs: int) -> str:
    """A project with micrographs, their CTFs and their picks; where their exposures are in the app."""
    (folder / "raw").mkdir()
    for number in range(micrographs):
        write_image(folder / "raw" / f"shot_{number:02d}.mrc", image_of(edge, number), pixel_size=PIXEL)
    project = Project.create(folder / "shelf" / "micrographs")
    imported = project.add("import-micrographs", folder=folder / "raw", pixel_size=PIXEL, settle=0.1, **OPTICS)
    imported.start().wait()
    made = imported.outputs["micrographs"]
    fitted = project.add("ctf", micrographs=made).start()
    picked = project.add("pick", micrographs=made, diameter=DIAMETER)
    found = [pick for one in made.latest().items() for pick in picks_in(one, picks)]
    SetWriter.open(picked.folder.outputs / "coordinates", "coordinates").commit(found)
    picked.start().wait()
    fitted.wait()
    return f"/projects/{project.record.ulid}/runs/{imported.ulid}/outputs/micrographs/exposures"


def image_of(edge: int, seed: int) -> np.ndarray:
    """Noise that was seen through a microscope, and its own."""
    random = np.random.default_rng(seed)
    under = 15000.0 + 500.0 * seed
    seen = ContrastTransfer(**OPTICS, defocus_u=under, defocus_v=under - 200.0, defocus_angle=30.0)
    k = np.fft.fftfreq(edge, PIXEL)
    transferred = transfer_function(k[:, None], np.fft.rfftfreq(edge, PIXEL)[None], seen)
    image = irfft2(rfft2(random.normal(size=(edge, edge))) * transferred, (edge, edge))
    return (40.0 + 4.0 * image + random.normal(0.0, 4.0, (edge, edge))).astype(np.float32)


def picks_in(micrograph: Any, count: int) -> list[Coordinate]:
    """Picks that are spread over a micrograph, and of which no two are the same."""
    random = np.random.default_rng(micrograph.id)
    across = math.ceil(math.sqrt(count))
    cells = random.choice(across**2, count, replace=False)
    places = (np.stack([cells % across, cells // across], 1) + random.uniform(0.1, 0.9, (count, 2))) / across
    return [
        Coordinate(
            id=child_id(micrograph.id, quantised_position(x, y)), parent_id=micrograph.id, micrograph_id=micrograph.id,
            x=x, y=y, score=1.0, diameter=DIAMETER, micrograph_file=micrograph.file,
        )
        for x, y in (places * micrograph.width).tolist()
    ]  # fmt: skip


def measure(folder: Path, edge: int, picks: int, micrographs: int, seconds: float) -> dict[str, Any]:
    address = make_project(folder, edge, picks, micrographs)
    with serving(folder / "shelf") as server, browsing(folder / "profile", *_WINDOW) as page:
        page.ask("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
        page.open(server.entrance)
        page.until("document.readyState === 'complete'")
        rows = list(range(micrographs))
        cold = [by_click(page, server.base + address, row) for row in rows]
        fit_canvas(page)
        warm = [by_click(page, server.base + address, row) for row in rows]
        walked = [by_key(page, key) for key in ["ArrowLeft"] * (micrographs - 1) + ["ArrowRight"] * (micrographs - 1)]
        return {"cold": cold, "warm": warm, "walked": walked, "frames": contrast_frames(page, seconds)}


def fit_canvas(page: Page) -> None:
    """Make the window as large as the canvas wants it."""
    inner, found = page.run(
        "(() => { const box = document.querySelector('.stage');"
        "return [[innerWidth, innerHeight], [box.clientWidth, box.clientHeight]]; })()"
    )
    width, height = (have + wanted - now for have, wanted, now in zip(inner, CANVAS, found, strict=True))
    page.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)


def by_click(page: Page, table: str, row: int) -> float:
    """Seconds from the click on a row, on a page that was loaded anew, to the picture."""
    page.open(table)
    page.until(f"document.querySelectorAll('tr[aria-rowindex] a[data-row]').length > {row}")
    page.until("[...document.images].every((one) => one.complete)")
    x, y = page.run(
        f"(() => {{ const box = document.querySelectorAll('tr[aria-rowindex] a[data-row]')[{row}]"
        ".getBoundingClientRect(); return [box.x + 4, box.y + box.height / 2]; })()"
    )
    return until_drawn(page, lambda: page.click(x, y))


def by_key(page: Page, key: str) -> float:
    """Seconds from an arrow key to the picture of the next exposure; what is read ahead has been."""
    time.sleep(2.0)
    return until_drawn(page, lambda: page.key(key))


def until_drawn(page: Page, act: Callable[[], None]) -> float:
    page.run("drawn = 0")
    with page.traced() as events:
        act()
        page.until("drawn > 0")
        page.run(_SETTLED)
    if page.run(_CIRCLED) < _LEAST_CIRCLED:
        raise SystemExit("The micrograph was drawn without circles about its picks.")
    return (shown_after(events, moments(events, "drawn")[-1]) - moments(events, "begun")[0]) / 1e6


def contrast_frames(page: Page, seconds: float) -> float:
    """Frames a second on the screen while a handle of the contrast is dragged to and fro."""
    x, y, width = page.run(
        "(() => { const box = document.querySelector('.contrastbox input').getBoundingClientRect();"
        "return [box.x, box.y + box.height / 2, box.width]; })()"
    )
    steps = itertools.cycle([*range(10, int(width) // 2), *range(int(width) // 2, 10, -1)])
    with page.traced() as events:
        page.ask("Input.dispatchMouseEvent", type="mousePressed", x=x + 10, y=y, button="left", clickCount=1)
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            page.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x + next(steps), y=y, button="left", buttons=1)
        page.ask("Input.dispatchMouseEvent", type="mouseReleased", x=x + 10, y=y, button="left", clickCount=1)
    shown = {shown_after(events, one) for one in moments(events, "drawn")[:-2]}
    if len(shown) < 2:
        raise SystemExit(f"In {seconds:g} s of dragging, the image came onto the screen {len(shown)} times.")
    return (len(shown) - 1) / ((max(shown) - min(shown)) / 1e6)


def shown_after(events: list[dict[str, Any]], moment: float) -> float:
    """When what was drawn at a moment was on the screen, in microseconds: the end of its frame, or of the next one."""
    frames = [(begun > moment, end) for begun, end in frames_shown(events) if end > moment]
    if not frames:
        raise SystemExit("The browser's trace tells of no frame in which the micrograph came onto the screen.")
    return min(frames)[1]


def frames_shown(events: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """When each frame of the page that came onto the screen whole was begun and was there, in microseconds."""
    page = next(one["pid"] for one in events if _is_mark(one, "drawn"))
    told = [one for one in events if one["name"] == "PipelineReporter" and one["pid"] == page]
    found, begun = [], {}
    for event in sorted(told, key=lambda one: (one["ts"], one["ph"] == "b")):  # an identity is used again and again
        frame = event["id2"]["local"]
        if event["ph"] == "b":
            begun[frame] = event
        elif frame in begun:
            first = begun.pop(frame)
            if first["args"]["frame_reporter"]["state"] == "STATE_PRESENTED_ALL":
                found.append((first["ts"], event["ts"]))
    return found


def moments(events: list[dict[str, Any]], mark: str) -> list[float]:
    """When a mark was set, in microseconds."""
    return sorted(one["ts"] for one in events if _is_mark(one, mark))


def _is_mark(event: dict[str, Any], mark: str) -> bool:
    return event["name"] == mark and "user_timing" in event["cat"]


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--edge", type=int, default=4096)
    parser.add_argument("--picks", type=int, default=2000)
    parser.add_argument("--micrographs", type=int, help="by default 5, or 12 with --full")
    parser.add_argument("--seconds", type=float, default=4.0, help="for which the contrast is changed")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    if chromium.program() is None:
        print(reporting.not_measured("micrographs in the browser", "there is no Chromium on this machine"))
        return
    micrographs = options.micrographs or (12 if options.full else 5)
    with tempfile.TemporaryDirectory(prefix="cryoloom-bench-web-micrograph-") as folder:
        result = measure(Path(folder), options.edge, options.picks, micrographs, options.seconds)
    if options.json:
        print(json.dumps({"edge": options.edge, "picks": options.picks, **result}, indent=2))
        return
    print(
        f"Micrographs of {options.edge} × {options.edge} pixels with {options.picks} picks each, drawn without a "
        f"graphics processor on {CANVAS[0]} × {CANVAS[1]} pixels.\n"
    )
    medians = {what: statistics.median(result[what]) for what in WORDS}
    rows = [
        (words, len(result[what]), f"{medians[what]:.2f} s", f"{min(result[what]):.2f} s", f"{max(result[what]):.2f} s")
        for what, words in WORDS.items()
    ]
    print(reporting.table(("to the picture", "times", "median", "least", "most"), rows))
    print(
        reporting.promises(
            [
                reporting.promise(f"{WORDS['warm']}, median", medians["warm"], ".2f s", most=MOST_SECONDS),
                reporting.promise("changes of the contrast", result["frames"], ".1f frames/s", least=LEAST_FRAMES),
            ]
        )
    )


if __name__ == "__main__":
    main()
