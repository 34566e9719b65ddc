"""`cryoloom tool fsc`: the Fourier shell correlation of two maps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, ThreadsOption
from cryoloom.errors import InputError

if TYPE_CHECKING:
    from cryoloom.engine.fsc import ShellCorrelation


def fsc(
    first: Annotated[Path, typer.Argument(metavar="A", help="Map, or image.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Map or image of the same size.")],
    *,
    mask: Annotated[Path | None, typer.Option(help="Map that both are multiplied by first.")] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the files do not say it.")] = None,
    threads: ThreadsOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Correlate two maps shell by shell in Fourier space, or two images ring by ring.

    Resolutions are given where the curve falls below 0.143, as for two half maps, and below 0.5, as against a known
    truth.

    Example: cryoloom tool fsc half1.mrc half2.mrc --mask mask.mrc --json
    """
    from cryoloom.engine.fsc import fourier_shell_correlation
    from cryoloom.formats import read_header, read_volume

    headers = [read_header(path) for path in (first, second)]
    for path, header in zip((first, second), headers, strict=True):
        for remark in header.remarks:
            sys.stderr.write(f"{path.name}: {remark}\n")
    if pixel_size is None:
        pixel_size = _common_pixel_size([first, second], [header.pixel_size for header in headers])
    arrays = [read_volume(path).squeeze() for path in (first, second)]
    weights = None if mask is None else read_volume(mask).squeeze()
    curve = fourier_shell_correlation(arrays[0], arrays[1], pixel_size=pixel_size, mask=weights, threads=threads)
    resolutions = {threshold: curve.resolution(threshold) for threshold in (0.143, 0.5)}
    document = {
        "first": first,
        "second": second,
        "mask": mask,
        "pixel_size": pixel_size,
        "frequency": curve.frequency,
        "correlation": curve.correlation,
        "coefficients": curve.coefficients,
        "resolution_0.143": resolutions[0.143],
        "resolution_0.5": resolutions[0.5],
    }
    emit(document, as_json=as_json, text="\n".join(_sentence(curve, *each) for each in resolutions.items()))


def _common_pixel_size(paths: list[Path], sizes: list[float | None]) -> float:
    stated = [size for size in sizes if size is not None]
    if not stated:
        raise InputError(f"{paths[0].name} and {paths[1].name} do not say their pixel size; give --pixel-size.")
    if max(stated) > 1.001 * min(stated):
        raise InputError(
            f"{paths[0].name} says a pixel size of {sizes[0]:g} Å, {paths[1].name} of {sizes[1]:g} Å; "
            "resample one of them, or give --pixel-size."
        )
    return stated[0]


def _sentence(curve: ShellCorrelation, threshold: float, resolution: float | None) -> str:
    if resolution is None:
        return f"The correlation never reaches {threshold:g}."
    if (curve.correlation[1:] >= threshold).all():
        return f"The correlation stays above {threshold:g} to the last shell, {resolution:.2f} Å."
    return f"The correlation falls below {threshold:g} at {resolution:.2f} Å."
