"""The trust page of a refinement as one HTML page that needs nothing but itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.durable import SIGNATURE, AtomicFile
from cryoloom.protocols.charts import Line, lines
from cryoloom.protocols.pictures import as_data_address
from cryoloom.protocols.report import STYLE
from cryoloom.protocols.resolutions import ends_at_nyquist
from cryoloom.protocols.trust._document import trust_document
from cryoloom.protocols.trust._figures import BEYOND_NOISE

if TYPE_CHECKING:
    from cryoloom.engine.trust import GroupDeviations
    from cryoloom.protocols.trust._defocus import Defocus
    from cryoloom.protocols.trust._figures import Trust

_STYLE = STYLE + (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
_SHOWN = 12  # micrographs listed
_EVEN = 0.8  # sampling compensation from which views are called even


def write_trust(page: Path, document: Path, trust: Trust, title: str) -> None:
    """Write the page and the same figures as JSON; each appears whole or not at all.

    Parameters
    ----------
    page, document : HTML and JSON file
    trust : the figures
    title : what was refined
    """
    with AtomicFile(page) as file:
        file.file.write(trust_page(trust, title).encode())
    with AtomicFile(document) as file:
        told = {"generator": SIGNATURE, **trust_document(trust)}
        file.file.write((json.dumps(told, indent=1, allow_nan=False) + "\n").encode())


def trust_page(trust: Trust, title: str) -> str:
    """Make the page."""
    headline = trust.headline
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="when">cryoloom trust page of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC</p>',
        f'<p class="headline{" doubt" if trust.is_doubtful else ""}">{escape(headline.sentence)}</p>',
        _numbers(trust),
        _curves(trust),
        _views(trust),
        _maps(trust),
        _scaling(trust),
        _leak(trust),
        _micrographs(trust),
        _cross_checks(trust),
        _defocus(trust),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="generator" content="{SIGNATURE}"><title>{escape(title)} · trust · cryoloom</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _numbers(trust: Trust) -> str:
    entries = [
        ("resolution to believe", _angstrom(trust.headline.resolution)),
        ("by the half maps", _angstrom(trust.resolution)),
        ("particles", " + ".join(map(str, trust.counts))),
        ("symmetry", trust.symmetry),
        ("box", f"{trust.box_size} px of {trust.pixel_size:.3g} Å"),
    ]
    boxes = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in entries)
    return f'<dl class="numbers">{boxes}</dl>'


def _curves(trust: Trust) -> str:
    frequency = trust.correlation.unmasked.frequency
    named = {name: curve.correlation for name, curve in trust.correlation.curves.items()}
    drawn = sorted(named, key=lambda name: (name != "corrected", name))
    chart = lines(
        [Line(name, frequency[1:], named[name][1:]) for name in drawn],
        "spatial frequency (1/Å)",
        "correlation",
        y_range=(-0.1, 1.0),
        level=0.143,
    )
    table = _table(
        ["1/Å", "Å", *named],
        [
            [f"{frequency[at]:.4f}", f"{1 / frequency[at]:.2f}", *(f"{values[at]:.3f}" for values in named.values())]
            for at in range(1, len(frequency))
        ],
    )
    told = (
        "Two maps of independent halves of the particles, in shells of spatial frequency. What a mask makes by itself "
        "is told by randomised phases and taken away (Chen et al. 2013); the dashed line is 0.143. The mask is "
        + _origin_of_mask(trust)
    )
    doubts = [f'<p class="warning">▲ {escape(remark)}</p>' for remark in trust.mask_remarks]
    return _section("Correlation of the half maps", [f"<p>{told}</p>", *doubts, _figure(chart), _details(table)])


def _origin_of_mask(trust: Trust) -> str:
    if trust.mask_is_given:
        return "the one that was given."
    if not trust.stands_out:
        return "a wide sphere, since nothing stands out of the noise of the map."
    return "drawn about what stands out of the solvent."


def _views(trust: Trust) -> str:
    finest, median, coarsest = trust.directional_resolutions
    compensation = trust.views.sampling_compensation
    bound = "; its pixels hold nothing finer" if ends_at_nyquist(finest, trust.pixel_size) else ""
    verdict = "Views are spread evenly" if compensation >= _EVEN else "Views are spread unevenly"
    told = (
        f"{verdict}: with the symmetry {trust.symmetry} the sampling compensation factor is {compensation:.2f} (1 is "
        f"even), and {trust.views.poorly_sampled:.0%} of the directions are sampled by less than a fifth of the mean. "
        f"In cones of 20° about all axes, corrected for the mask, the resolution goes from {_angstrom(finest)} to "
        f"{_angstrom(coarsest)}, median {_angstrom(median)}{bound}."
    )
    picture = _picture(
        trust, "views", "Density of views on an equal-area map of all directions, bright where many particles are seen",
        "Views after symmetry (Mollweide); the upper rim is tilt 0°, the middle rot 0°.",
    )  # fmt: skip
    return _section("Views and directions", [f"<p>{told}</p>", f'<div class="charts">{picture}</div>'])


def _maps(trust: Trust) -> str:
    finest, median, coarsest = trust.local
    found = [
        _picture(trust, "map", "Central sections of the map normal to z, y and x", "The map: sections z, y, x."),
        _picture(
            trust, "difference", "Central sections of the difference of the half maps",
            "First minus second half map, from −5 to 5 standard deviations of the solvent.",
        ),
        _picture(
            trust, "local", "Central sections of the local resolution, finer is brighter",
            "Local resolution: finer is brighter, black where there is none.",
        ),
    ]  # fmt: skip
    inside = (
        "The half maps' difference could not be compared with the solvent, of which the mask leaves nothing."
        if trust.difference_inside is None or trust.difference_largest is None
        else f"Within the mask the half maps differ by {trust.difference_inside:.2f} standard deviations of the "
        f"solvent (1 if they differ by no more than that), at most by {trust.difference_largest:.1f}."
    )
    local = (
        "No place of the map has a local resolution."
        if median is None
        else f"A tenth of the places is better resolved than {_angstrom(finest)}, half of them than "
        f"{_angstrom(median)}, nine tenths than {_angstrom(coarsest)}."
    )
    return _section("The map", [f"<p>{inside} {local}</p>", f'<div class="charts">{"".join(found)}</div>'])


def _scaling(trust: Trust) -> str:
    scaling = trust.scaling
    known = [(n, d) for n, d in zip(scaling.counts, scaling.resolutions, strict=True) if d is not None]
    parts = []
    if known:
        x, y = np.log([n for n, _ in known]), np.array([d**-2 for _, d in known])
        drawn = [Line("maps of so many particles", x, y, marked=True)]
        if scaling.b_factor is not None and scaling.intercept is not None:
            drawn.append(Line("line", x, scaling.intercept + 2.0 / scaling.b_factor * x))
        parts.append(_figure(lines(drawn, "ln N", "1/d² (1/Å²)")))
    twice = scaling.expected(2.0 * scaling.counts[-1]) if scaling.counts else None
    told = (
        "There is no line: more particles give no finer detail, or too few maps are coarser than the pixels allow."
        if scaling.b_factor is None
        else f"By the line through 1/d² against ln N, B is {scaling.b_factor:.0f} Å² (Rosenthal & Henderson 2003)"
        + (f"; twice as many particles would give about {twice:.2f} Å." if twice is not None else ".")
    )
    table = _table(
        ["particles", "resolution", "B of the Guinier plot"],
        [
            [str(count), _angstrom(resolution), "none" if b is None else f"{b:.0f} Å²"]
            for count, resolution, b in zip(scaling.counts, scaling.resolutions, trust.b_factors, strict=True)
        ],
    )
    return _section("Resolution and number of particles", [f"<p>{told}</p>", *parts, table])


def _leak(trust: Trust) -> str:
    leak = trust.leak
    near = (
        "Positions in micrographs are not known."
        if leak.near is None
        else f"{leak.near} pairs of refined centres, one in each half, lie within {leak.distance:.0f} Å of each other."
    )
    told = (
        f"{len(leak.noise.pairs)} pairs of images share their noise, of {leak.noise.examined} images of the first half "
        f"set that were compared with those of the second seen from the same side. {near}"
    )
    verdict = (
        f'<p class="warning">▲ The halves are not independent: {leak.share:.1%} of the particles have a twin in the '
        f"other half. Without these the resolution is {_angstrom(leak.resolution_without)}. Remove duplicates, and "
        "refine again.</p>"
        if leak.trips
        else "<p>The halves are independent.</p>"
    )
    return _section("Leak between the halves", [verdict, f"<p>{told}</p>"])


def _micrographs(trust: Trust) -> str:
    if trust.micrographs is None:
        said = "Not shown: it is not known which particle is of which micrograph."
        return _section("Micrographs", [f'<p class="not-run">{said}</p>'])
    names = trust.micrographs.names
    rows = [
        [names[place], what, str(int(one.counts[place])), f"{one.means[place]:.3g}", f"{one.deviations[place]:+.1f}"]
        for what, one in (("likelihood", trust.micrographs.likelihood), ("shift (Å)", trust.micrographs.shift))
        for place in one.outlying[:_SHOWN]
    ]
    if not rows:
        return _section("Micrographs", [f"<p>None of {len(names)} micrographs stands out.</p>"])
    count = len({place for one in _deviations(trust) for place in one.outlying.tolist()})
    told = f"{count} of {len(names)} micrographs lie more than four standard deviations from the middle of all."
    headings = ["micrograph", "mean of", "particles", "value", "deviation"]
    return _section("Micrographs", [f"<p>{told}</p>", _table(headings, rows)])


def _deviations(trust: Trust) -> Iterable[GroupDeviations]:
    return () if trust.micrographs is None else (trust.micrographs.likelihood, trust.micrographs.shift)


def _cross_checks(trust: Trust) -> str:
    checks = trust.cross_checks
    if checks is None:
        said = (
            "Not run: whether a second refinement from another start finds the same poses, and whether images of noise "
            "align as well as particles. Ask for it with trust = full."
        )
        return _section("Cross-checks", [f'<p class="not-run">{said}</p>'])
    agreement, noise = checks.agreement, checks.noise
    poses = (
        f"A second refinement {checks.second_start} gives {agreement.share:.0%} of the particles the same pose, within "
        f"3° and 2 px (median {agreement.median_angle:.2f}° and {agreement.median_shift:.2f} Å); it reports "
        f"{_angstrom(checks.second_resolution)}, and its map agrees with this one to "
        f"{_angstrom(agreement.resolution)} at a correlation of 0.5."
    )
    local = (
        "This refinement looked about the poses that the particles came with, and the second one about the same poses, "
        "each turned about an axis of its own and moved in a direction of its own. What both find does not depend on "
        "where in this neighbourhood the search began; nothing is said of poses farther away."
    )
    nothing = (
        f"{len(noise.noise)} particles were aligned to the map of the other half set beside images of noise with their "
        f"own amplitudes: they align better by {noise.deviations:.1f} standard deviations of chance, and at least "
        f"{noise.more_than_noise:.0%} ± {noise.error:.0%} of them are more than noise."
    )
    found = [poses, nothing] if checks.astray is None else [poses, local, nothing]
    parts = [f"<p>{escape(sentence)}</p>" for sentence in found]
    if noise.deviations >= BEYOND_NOISE and noise.more_than_noise < 0.5:
        parts.append(
            '<p class="warning">▲ Most of the images align no better than noise. The map is made by the others: sort '
            "these out by classes in 2D, and refine again.</p>"
        )
    return _section("Cross-checks", parts)


def _defocus(trust: Trust) -> str:
    defocus = trust.defocus
    if defocus is None:
        said = "Not shown: it is not known which particle is of which micrograph."
        return _section("Refined defocus", [f'<p class="not-run">{said}</p>'])
    if defocus.is_as_estimated:
        said = "Every particle has the defocus that was estimated of its micrograph; none was refined."
        return _section("Refined defocus", [f'<p class="not-run">{said}</p>'])
    known = "" if defocus.error is None else f"; the refined defocus of half of them is known to {defocus.error:.0f} Å"
    told = f"Particles lie {defocus.spread:.0f} Å (root mean square) from the mean defocus of their micrograph{known}."
    if defocus.change is None:
        told += " What was estimated before they were refined is not known, so it is not shown how far they were moved."
        return _section("Refined defocus", [f"<p>{told}</p>"])
    return _section("Refined defocus", [f"<p>{told}</p>", *_defocus_change(defocus, defocus.change)])


def _defocus_change(defocus: Defocus, change: GroupDeviations) -> Iterable[str]:
    """How far the defocus was moved, micrograph by micrograph."""
    drift = defocus.drift
    told = f"Against what was estimated first it was moved by {defocus.mean_change:+.0f} Å on average"
    if drift is None:
        yield f"<p>{told}; too few micrographs to tell a drift.</p>"
    else:
        drifted = f"{drift.change:+.0f} ± {drift.error:.0f} Å from the first to the last micrograph"
        yield f"<p>{told}; it drifts by {drifted}{'' if drift.is_certain else ', which is no more than chance'}.</p>"
        if drift.is_certain:
            yield (
                '<p class="warning">▲ The defocus drifts against its estimate while the session goes on: look whether '
                "pixel size, beam or stage have changed, or the ice.</p>"
            )
    places = np.arange(1.0, len(change.means) + 1.0)
    points = Line("mean of a micrograph", places, change.means, marked=True)
    yield _figure(lines([points], "micrograph, in the order of the particles", "refined − estimated (Å)"))
    rows = [
        [
            defocus.names[place],
            str(int(change.counts[place])),
            f"{change.means[place]:+.0f}",
            f"{change.deviations[place]:+.1f}",
        ]
        for place in change.outlying[:_SHOWN]
    ]
    if rows:
        yield "<p>Micrographs beyond four standard deviations of all:</p>"
        yield _table(["micrograph", "particles", "moved by (Å)", "deviation"], rows)


def _section(heading: str, parts: Sequence[str]) -> str:
    return f"<section><h2>{escape(heading)}</h2>{''.join(parts)}</section>"


def _figure(content: str) -> str:
    return f"<figure>{content}</figure>"


def _details(content: str) -> str:
    return f"<details><summary>The figures</summary>{content}</details>"


def _picture(trust: Trust, name: str, description: str, caption: str) -> str:
    if name not in trust.pictures:
        return ""
    address = as_data_address(trust.pictures[name])
    return _figure(f'<img src="{address}" alt="{escape(description)}"><figcaption>{escape(caption)}</figcaption>')


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _angstrom(value: float | None) -> str:
    return "none" if value is None or not np.isfinite(value) else f"{value:.2f} Å"
