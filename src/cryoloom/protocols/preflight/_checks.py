"""What the first movies say about how a session was set up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING, ClassVar

from cryoloom.data import Item, column, digest, item_class

if TYPE_CHECKING:
    from cryoloom.data import Movie
    from cryoloom.engine.ctf import CTFFit
    from cryoloom.engine.gain import GainOrientation, GainScores
    from cryoloom.protocols.preflight._look import Measured


class Verdict(StrEnum):
    """What a person should do."""

    OK = "ok"
    LOOK = "look"
    STOP = "stop"


@item_class
class Check(Item):
    """One thing that was compared with what was stated."""

    kind: ClassVar[str] = "checks"
    read_first: ClassVar[tuple[str, ...]] = ("name", "verdict", "sentence")

    name: str = column(meaning="what was checked")
    verdict: str = column(meaning="ok, look or stop")
    sentence: str = column(meaning="what was found, and what to do about it")
    stated: str = column(default="", meaning="what was stated, with its unit")
    measured: str = column(default="", meaning="what was measured, with its unit")


def check(name: str, verdict: Verdict, sentence: str, *, stated: str = "", measured: str = "") -> Check:
    """Make a check; there is one of each name."""
    identity = digest("check", name.encode())
    return Check(id=identity, name=name, verdict=verdict.value, sentence=sentence, stated=stated, measured=measured)


def checks_of(measured: Measured, movie: Movie) -> list[Check]:
    """Compare what was measured with what was stated of a movie of the session.

    Of what several movies say the median counts, so that one that is no movie at all does not decide.
    """
    checks = [judge_movies(measured.movies, measured.unreadable)]
    if measured.gain_problem:
        checks.append(check("gain", Verdict.STOP, measured.gain_problem))
    elif not movie.gain_file or measured.gain_scores is not None:
        checks.append(judge_gain(measured.gain_scores, movie.gain_orientation or "as-is"))
    if measured.gain_warnings:
        checks.append(check("gain pixels", Verdict.LOOK, " ".join(measured.gain_warnings)))
    if measured.counts:
        checks.append(judge_dose(median(measured.counts), movie.pixel_size, movie.dose_per_frame))
        in_headers = median(measured.pixel_sizes) if measured.pixel_sizes else None
        checks.append(judge_pixel_size(in_headers, movie.pixel_size))
    if measured.fits:
        checks.append(judge_rings(measured.fits))
    return checks


def in_one_line(checks: Sequence[Check]) -> str:
    """Every verdict in a line, the worst first, with what to do where it is not *ok*."""
    parts = [
        f"{worst}: {one.name}" + ("" if worst is Verdict.OK else f" ({one.sentence.rstrip('.')})")
        for worst in (Verdict.STOP, Verdict.LOOK, Verdict.OK)
        for one in checks
        if one.verdict == worst.value
    ]
    return "; ".join(parts)


def judge_movies(count: int, unreadable: Sequence[str]) -> Check:
    """Whether the movies can be read.

    Parameters
    ----------
    count : how many were looked at
    unreadable : why some could not be read
    """
    shown = f"{count - len(unreadable)} of {count} readable"
    if not unreadable:
        return check("movies", Verdict.OK, "The movies can be read.", measured=shown)
    verdict = Verdict.STOP if len(unreadable) == count else Verdict.LOOK
    return check("movies", verdict, f"Not every movie can be read; the first says: {unreadable[0]}", measured=shown)


def judge_gain(scores: GainScores | None, stated: str) -> Check:
    """Whether the gain reference lies on the movies as it was said to.

    Parameters
    ----------
    scores : of all orientations; None if there is no reference
    stated : orientation that was stated, or ``auto``
    """
    if scores is None:
        return check("gain", Verdict.LOOK, "No gain reference was given; the movies must be corrected already.")
    best = scores.best
    shown = ", ".join(f"{orientation} {score:.3f}" for orientation, score in _ordered(scores.scores))
    if scores.looks_like_a_divisor:
        return check(
            "gain", Verdict.STOP, "The reference has to divide, not to multiply; give its inverse.", measured=shown
        )
    if not scores.is_clear:
        return check(
            "gain",
            Verdict.LOOK,
            "No orientation of the reference leads clearly; look at its shadow in an aligned sum.",
            stated=stated,
            measured=shown,
        )
    fitting = {str(orientation) for orientation in (best, *scores.equivalent)}
    if stated in fitting or (stated == "auto" and "as-is" in fitting):
        return check("gain", Verdict.OK, "The reference fits as it lies.", stated=stated, measured=shown)
    if stated == "auto":
        return check("gain", Verdict.OK, f"The reference fits turned {best}.", stated=stated, measured=shown)
    return check(
        "gain",
        Verdict.STOP,
        f"The reference fits best turned: set gain_orientation to {best}.",
        stated=stated,
        measured=shown,
    )


def judge_dose(counts_per_pixel: float, pixel_size: float, stated: float | None) -> Check:
    """Whether the detector saw as many electrons as were stated.

    Parameters
    ----------
    counts_per_pixel : of a frame in the mean, gain applied
    pixel_size : in Å
    stated : dose per frame in e/Å²
    """
    measured = counts_per_pixel / pixel_size**2
    shown = f"{measured:.3g} e/Å² per frame"
    if stated is None:
        return check(
            "dose",
            Verdict.LOOK,
            "No dose was stated, so sums are not weighted by dose; a counting detector saw this much.",
            measured=shown,
        )
    ratio = measured / stated
    verdict = Verdict.OK if 0.8 <= ratio <= 1.25 else Verdict.LOOK if 0.5 <= ratio <= 2.0 else Verdict.STOP
    sentence = {
        Verdict.OK: "The detector counted about as many electrons as were stated.",
        Verdict.LOOK: f"The detector counted {ratio:.2f} times the stated dose; check it, thick ice takes some away.",
        Verdict.STOP: f"The detector counted {ratio:.2g} times the stated dose; either the dose per frame or the pixel "
        "size is wrong, or the values are no electrons.",
    }[verdict]
    return check("dose", verdict, sentence, stated=f"{stated:.3g} e/Å² per frame", measured=shown)


def judge_pixel_size(in_header: float | None, stated: float) -> Check:
    """Whether the files agree with the stated pixel size."""
    if in_header is None:
        return check("pixel size", Verdict.OK, "The movies do not say it.", stated=f"{stated:.4g} Å/px")
    ratio = in_header / stated
    verdict = Verdict.OK if abs(ratio - 1) <= 0.02 else Verdict.LOOK if 0.8 <= ratio <= 1.25 else Verdict.STOP
    sentence = {
        Verdict.OK: "The movies say the same.",
        Verdict.LOOK: "The movies say something else; give the calibrated value of this magnification.",
        Verdict.STOP: "The movies say something else altogether: binning, super-resolution, or another magnification.",
    }[verdict]
    return check(
        "pixel size", verdict, sentence, stated=f"{stated:.4g} Å/px", measured=f"{in_header:.4g} Å/px in the file"
    )


def judge_rings(fits: Sequence[CTFFit]) -> Check:
    """Whether there are Thon rings, and to which resolution."""
    best = min(fits, key=lambda fit: fit.fit_resolution)
    measured = f"rings to {best.fit_resolution:.1f} Å at {best.mean_defocus / 1e4:.2f} µm"
    if best.fit_resolution > 15.0:
        return check(
            "Thon rings", Verdict.STOP, "No clear rings: check voltage, pixel size, defocus and ice.", measured=measured
        )
    if best.fit_resolution > 8.0 or best.warnings:
        sentence = " ".join(best.warnings) or "The rings end early; thick ice, drift or astigmatism may be why."
        return check("Thon rings", Verdict.LOOK, sentence, measured=measured)
    return check("Thon rings", Verdict.OK, "Rings are seen and fitted.", measured=measured)


def _ordered(scores: Mapping[GainOrientation, float]) -> list[tuple[GainOrientation, float]]:
    return sorted(scores.items(), key=lambda entry: -entry[1])
