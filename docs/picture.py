"""Draw the README's picture, ``docs/images/map.png``, from the project that `cryoloom demo` has made.

    python docs/picture.py demo-session/project

It shows what the report shows: the class averages, those that were not kept dimmed; the map's surface from two sides;
the correlation of its halves.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cryoloom.formats import read_stack, read_volume
from cryoloom.protocols.report._class_section import average_picture
from cryoloom.protocols.report._map_section import middle_of, surface_pictures
from cryoloom.runtime import Project, findings_of

TARGET = Path(__file__).parent / "images" / "map.png"
GROUND, SURFACE, LINE = "#f3f4f3", "#ffffff", "#dbdfdd"
INK, SOFT, ACCENT, ATTENTION = "#14191a", "#5c676a", "#0a6a7b", "#815200"
WIDTH, HEIGHT, MARGIN, GAP, HEAD = 1200, 470, 20, 16, 44
CLASSES = (4, 3)  # columns, rows
FONT = ImageFont.truetype("DejaVuSans.ttf", 14)  # Debian: fonts-dejavu-core
SMALL = ImageFont.truetype("DejaVuSans.ttf", 12)


def main(folder: Path) -> None:
    findings = findings_of(Project.open(folder))
    made = findings.reconstruction
    (volume,) = made.volumes
    picture = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    draw = ImageDraw.Draw(picture)
    inner = HEIGHT - 2 * MARGIN
    first = MARGIN
    kept = len(made.kept & {one.id for one in made.classes})
    _panel(draw, first, 420, f"2D classes: {kept} of {len(made.classes)} kept")
    _draw_classes(picture, draw, findings, (first + 12, MARGIN + HEAD, 396, inner - HEAD - 12))
    second = first + 420 + GAP
    resolution = "no evidence of signal" if volume.resolution is None else f"{volume.resolution:.1f} Å"
    _panel(draw, second, 260, f"The map: {resolution}, {volume.symmetry}")
    _draw_surfaces(picture, folder, volume, (second + 12, MARGIN + HEAD, 236, inner - HEAD - 12))
    third = second + 260 + GAP
    _panel(draw, third, WIDTH - MARGIN - third, "Correlation of its halves")
    area = (third + 52, MARGIN + HEAD + 4, WIDTH - MARGIN - third - 76, inner - HEAD - 52)
    _draw_curves(draw, made.curves_of(volume), volume.resolution, area)
    TARGET.parent.mkdir(exist_ok=True)
    picture.quantize(128).save(TARGET, optimize=True)
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


def _panel(draw, left, width, title):
    draw.rounded_rectangle((left, MARGIN, left + width, HEIGHT - MARGIN), 6, SURFACE, LINE)
    draw.text((left + 14, MARGIN + 14), title, INK, FONT)


def _draw_classes(picture, draw, findings, area):
    left, top, width, height = area
    made = findings.reconstruction
    ordered = sorted(made.classes, key=lambda one: (one.id not in made.kept, -one.particle_count))
    columns, rows = CLASSES
    step = min(width / columns, height / rows)
    for number, one in enumerate(ordered[: columns * rows]):
        with read_stack(findings.project / one.file) as stack:
            image = Image.fromarray(average_picture(stack[one.index])).resize((int(step) - 8, int(step) - 22))
        side = int(step) - 24
        image = image.resize((side, side), Image.Resampling.BICUBIC).convert("RGB")
        if one.id not in made.kept:
            image = Image.blend(image, Image.new("RGB", image.size, SURFACE), 0.55)
        x, y = int(left + (number % columns) * width / columns), int(top + (number // columns) * height / rows)
        picture.paste(image, (x, y))
        said = f"{one.particle_count}" + ("" if one.id in made.kept else ", rejected")
        draw.text((x, y + side + 3), said, SOFT, SMALL)


def _draw_surfaces(picture, folder, volume, area):
    left, top, width, height = area
    density, mask = middle_of(read_volume(folder / volume.file), read_volume(folder / volume.mask_file))
    side = min(width, (height - 8) // 2)
    for number, drawn in enumerate(surface_pictures(density, mask)):
        image = Image.fromarray(drawn).resize((side, side), Image.Resampling.BICUBIC)
        picture.paste(image, (left + (width - side) // 2, top + number * (side + 8)), image)


def _draw_curves(draw, curves, resolution, area):
    left, top, width, height = area
    finest = max(curve.frequency[-1] for curve in curves)

    def place(frequency, correlation):
        return left + width * frequency / finest, top + height * (1.0 - correlation) / 1.1

    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = place(0.0, value)[1]
        draw.line((left, y, left + width, y), LINE)
        draw.text((left - 8, y), f"{value:g}", SOFT, SMALL, anchor="rm")
    for detail in (20, 12, 10, 8, 7, 6, 5, 4):
        x = place(1.0 / detail, 0.0)[0]
        if 1.0 / detail < finest and x < left + width - 8:
            draw.text((x, top + height + 6), f"{detail} Å", SOFT, SMALL, anchor="ma")
    y = place(0.0, 0.143)[1]
    draw.line((left, y, left + width, y), SOFT)
    draw.text((left + 4, y - 2), "0.143", SOFT, SMALL, anchor="ls")
    colours = {"unmasked": SOFT, "masked": SOFT, "phase-randomised": ATTENTION, "corrected": ACCENT}
    for curve in sorted(curves, key=lambda one: list(colours).index(one.curve)):
        points = [place(f, c) for f, c in zip(curve.frequency, np.maximum(curve.correlation, -0.1), strict=True)]
        draw.line(points, colours[curve.curve], 3 if curve.curve == "corrected" else 1, joint="curve")
    if resolution is not None:
        x = min(place(1.0 / resolution, 0.0)[0], left + width)
        draw.line((x, place(0.0, 0.0)[1], x, y), ACCENT)
    x = left
    for name in ("corrected", "masked", "unmasked", "phase-randomised"):
        draw.text((x, top + height + 28), name, colours[name], SMALL)
        x += draw.textlength(name, SMALL) + 16


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
