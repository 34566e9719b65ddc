"""The report as one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from html import escape
from pathlib import Path

from cryoloom.data import Micrograph
from cryoloom.durable import SIGNATURE
from cryoloom.errors import InputError
from cryoloom.protocols.charts import drift_track, histogram, over_session
from cryoloom.protocols.micrograph_places import places_in
from cryoloom.protocols.report._class_section import class_section
from cryoloom.protocols.report._findings import Exposure, Findings
from cryoloom.protocols.report._map_section import map_section
from cryoloom.protocols.report._pictures import picked_micrograph, stored_picture
from cryoloom.protocols.report._validation_section import validation_section
from cryoloom.protocols.resolutions import unit_of_ctf_fit
from cryoloom.workflow.citations import Citation
from cryoloom.workflow.workspace import resolve_in_project

_WARNINGS_SHOWN, _LABELS_SHOWN = 100, 3
STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def report_page(
    findings: Findings,
    *,
    picture_of: Callable[[Micrograph], bytes | None],
    drift_of: Callable[[Micrograph], Sequence[tuple[float, float]]],
    shown: int = 6,
) -> str:
    """Make the page.

    Parameters
    ----------
    findings : what is shown
    picture_of : a picture of a micrograph, PNG or JPEG; None if there is none any more
    drift_of : shifts of the frames of a micrograph's movie, (x, y) in Å
    shown : how many exposures are shown with pictures, the best first, then evenly over the session
    """
    title = escape(findings.title)
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="when">cryoloom report of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC</p>',
        _numbers(findings),
        _sources(findings),
        map_section(findings.reconstruction, findings.project),
        validation_section(findings.reconstruction.validation, findings.project),
        class_section(findings.reconstruction.classes, findings.reconstruction.kept, findings.project),
        _checks(findings),
        _distributions(findings),
        _exposures(findings, picture_of, drift_of, shown),
        _failures(findings),
        _warnings(findings),
        _methods(findings),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="generator" content="{SIGNATURE}"><title>{title} · cryoloom</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _numbers(findings: Findings) -> str:
    resolution, of_map = findings.median_resolution, findings.reconstruction.resolution
    imaged = bool(findings.exposures or not findings.reconstruction)
    entries = [
        ("map", None if of_map is None else f"{of_map:.2f}", "Å"),
        ("movies", findings.movie_count, ""),
        ("micrographs", len(findings.exposures) if imaged else None, ""),
        (
            "median CTF fit",
            None if resolution is None else f"{resolution:.1f}",
            "" if resolution is None else unit_of_ctf_fit(resolution, findings.finest_fitted),
        ),
        ("picks", findings.pick_count if imaged else None, ""),
        ("particles", findings.particle_count, ""),
        ("failed items", len(findings.failures), ""),
    ]
    entries += [(label, value, "") for label, value in findings.notes.items()]
    boxes = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(str(value))}{f' <small>{unit}</small>' if unit else ''}</dd></div>"
        for label, value, unit in entries
        if value is not None
    )
    return f'<dl class="numbers">{boxes}</dl>'


def _sources(findings: Findings) -> str:
    """Which sets the page shows, and which it does not."""
    named = [("Shown", findings.shown), ("Not shown", findings.left_out)]
    parts = [f"{label}: {', '.join(names)}." for label, names in named if names]
    return f'<p class="sources">{escape(" ".join(parts))}</p>' if parts else ""


def _checks(findings: Findings) -> str:
    """What the preflight found."""
    rows = "".join(
        f'<tr class="{escape(one.verdict)}"><td>{escape(one.name)}</td><td>{escape(one.verdict)}</td>'
        f"<td>{escape(one.sentence)}</td><td>{escape(one.stated)}</td><td>{escape(one.measured)}</td></tr>"
        for one in findings.checks
    )
    if not rows:
        return ""
    return (
        "<section><h2>Preflight</h2><table><thead><tr><th>check</th><th>verdict</th><th>what was found</th>"
        f"<th>stated</th><th>measured</th></tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _distributions(findings: Findings) -> str:
    if not findings.exposures and findings.reconstruction:  # it begins with particles
        return ""
    fits = [exposure.ctf for exposure in findings.exposures]
    defocus = [None if fit is None else (fit.defocus_u + fit.defocus_v) / 2e4 for fit in fits]
    astigmatism = [None if fit is None else (fit.defocus_u - fit.defocus_v) / 10 for fit in fits]
    resolution = [None if fit is None else fit.fit_resolution for fit in fits]
    micrographs = [exposure.micrograph for exposure in findings.exposures]
    motion = [micrograph.motion_total for micrograph in micrographs]
    measures: list[tuple[str, Sequence[float | None]]] = [
        ("Defocus (µm)", defocus),
        ("CTF fit resolution (Å)", resolution),
        *([("Drift (Å)", motion)] if any(map(_may_drift, micrographs)) or not micrographs else []),
        ("Astigmatism (nm)", astigmatism),
    ]
    charts = "".join(
        f"<figure>{over_session(values, label)}{histogram(_known(values), label)}</figure>"
        for label, values in measures
    )
    return f'<section><h2>The session</h2><div class="charts">{charts}</div></section>'


def _may_drift(micrograph: Micrograph) -> bool:
    """Whether its drift is known or may come to be: not of one that was imported as it is."""
    return bool(micrograph.movie_file or micrograph.motion_file)


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _exposures(
    findings: Findings,
    picture_of: Callable[[Micrograph], bytes | None],
    drift_of: Callable[[Micrograph], Sequence[tuple[float, float]]],
    shown: int,
) -> str:
    chosen = _chosen(findings, shown)
    cards = "".join(_card(findings, exposure, picture_of, drift_of) for exposure in chosen)
    left = len(findings.exposures) - len(chosen)
    more = f'<p class="when">{left} more exposures are in the project.</p>' if left > 0 else ""
    return f"<section><h2>Exposures</h2>{cards}{more}</section>" if cards else ""


def _chosen(findings: Findings, shown: int) -> list[Exposure]:
    best = findings.best()
    if best is None:
        return []
    others = [exposure for exposure in findings.exposures if exposure is not best]
    wanted = min(shown - 1, len(others))
    return [best, *(others[index * len(others) // wanted] for index in range(wanted))]


def _card(
    findings: Findings,
    exposure: Exposure,
    picture_of: Callable[[Micrograph], bytes | None],
    drift_of: Callable[[Micrograph], Sequence[tuple[float, float]]],
) -> str:
    micrograph, fit = exposure.micrograph, exposure.ctf
    name = Path(micrograph.movie_file or micrograph.file).name
    spectrum = ""
    if fit is not None and fit.spectrum_picture:
        spectrum = stored_picture(findings.project / fit.spectrum_picture, f"Power spectrum of {name}, with the fit")
    picture = _with_picks(exposure, picture_of(micrograph), findings.project)
    warnings = "".join(
        f'<li class="warning">▲ {escape(text)}</li>' for text in (fit.warnings if fit is not None else ())
    )
    side = spectrum + (drift_track(drift_of(micrograph)) if _may_drift(micrograph) else "")
    return (
        f'<article><h3>{escape(name)}</h3><div class="pictures">{picture}<div class="side">{side}</div></div>'
        f'<dl class="values">{_values(exposure, findings.finest_fitted)}</dl>'
        f"{f'<ul>{warnings}</ul>' if warnings else ''}</article>"
    )


def _with_picks(exposure: Exposure, picture: bytes | None, project: Path) -> str:
    """The micrograph under its picks; without them, and with the reason, if they cannot be told in its pixels."""
    micrograph, picks = exposure.micrograph, exposure.picks or []
    try:
        places = places_in(micrograph, picks, partial(resolve_in_project, project))
    except InputError as error:
        shown = picked_micrograph(micrograph, picture, [])
        return f'<div>{shown}<p class="missing">Its picks are not drawn. {escape(str(error))}</p></div>'
    placed = [replace(pick, x=x, y=y) for pick, (x, y) in zip(picks, places.tolist(), strict=True)]
    return picked_micrograph(micrograph, picture, placed)


def _values(exposure: Exposure, finest_fitted: float | None) -> str:
    micrograph, fit = exposure.micrograph, exposure.ctf
    entries: list[tuple[str, str, str]] = []
    if fit is not None:
        entries += [
            ("defocus U / V", f"{fit.defocus_u / 1e4:.3f} / {fit.defocus_v / 1e4:.3f}", "µm"),
            ("astigmatism", f"{(fit.defocus_u - fit.defocus_v) / 10:.1f}", "nm"),
            ("angle", f"{fit.defocus_angle:.0f}", "°"),
        ]
        if fit.fit_resolution is not None:
            unit = unit_of_ctf_fit(fit.fit_resolution, finest_fitted)
            entries.append(("CTF fit", f"{fit.fit_resolution:.1f}", unit))
    if micrograph.motion_total is not None:
        entries.append(("drift", f"{micrograph.motion_total:.1f}", "Å"))
    if micrograph.total_dose is not None:
        entries.append(("dose", f"{micrograph.total_dose:.1f}", "e/Å²"))
    entries.append(("pixel size", f"{micrograph.pixel_size:.4g}", "Å/px"))
    if exposure.picks is not None:
        entries.append(("picks", str(len(exposure.picks)), ""))
    return "".join(
        f"<div><dt>{label}</dt><dd>{escape(value)} <small>{unit}</small></dd></div>" for label, value, unit in entries
    )


def _failures(findings: Findings) -> str:
    if not findings.failures:
        return ""
    rows = "".join(
        f"<tr><td>{escape(f.step)}</td><td>{escape(f.label)}</td><td>{escape(f.reason)}</td></tr>"
        for f in findings.failures
    )
    return (
        "<section><h2>Failed items</h2><table><thead><tr><th>step</th><th>item</th><th>reason</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></section>"
    )


def _warnings(findings: Findings) -> str:
    """What the steps warn of; what is only more of it is counted."""
    if not findings.warnings:
        return ""
    rows = "".join(
        f"<tr><td>{escape(w.step)}</td><td>{escape(_items_in_words(w.labels))}</td><td>{escape(w.sentence)}</td></tr>"
        for w in findings.warnings[:_WARNINGS_SHOWN]
    )
    left = len(findings.warnings) - _WARNINGS_SHOWN
    more = f'<p class="when">{left} more; `cryoloom show` lists them with --warnings.</p>' if left > 0 else ""
    return (
        "<section><h2>Warnings</h2><table><thead><tr><th>step</th><th>item</th><th>what to know</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>{more}</section>"
    )


def _items_in_words(labels: Sequence[str]) -> str:
    more = len(labels) - _LABELS_SHOWN
    return ", ".join(labels[:_LABELS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _methods(findings: Findings) -> str:
    methods = findings.methods
    if methods is None or not methods.text:
        return ""
    cited = "".join(f"<li>{_citation(citation)}</li>" for citation in methods.citations)
    remarks = "".join(f'<li class="warning">▲ {escape(remark)}</li>' for remark in methods.remarks)
    lists = "".join(f"<ul>{items}</ul>" for items in (remarks, cited) if items)
    return f"<section><h2>Methods</h2><p>{escape(methods.text)}</p>{lists}</section>"


def _citation(citation: Citation) -> str:
    if not citation.doi:
        return escape(citation.text)
    told = "" if citation.text == citation.doi else f"{escape(citation.text)}, "
    return f'{told}<a href="{escape(citation.address)}">{escape(citation.doi)}</a>'
