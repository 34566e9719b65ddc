"""What a STAR file of particles says of the microscope and the defocus, and where that can be read."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.errors import FormatError, InputError

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import OpticsGroup

_STATED = ("voltage", "spherical_aberration", "amplitude_contrast")
_LARGEST_JSON = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Optics:
    """What is known of the microscope and of this micrograph's defocus; what is None is not written.

    Attributes
    ----------
    voltage : in kV
    spherical_aberration : in mm
    amplitude_contrast : as a fraction
    defocus : U and V in Å and the angle of U in degrees
    phase_shift : in degrees
    score, fit_resolution : of the fit; the resolution in Å
    group : all that another program has said of the optics group
    """

    voltage: float | None = None
    spherical_aberration: float | None = None
    amplitude_contrast: float | None = None
    defocus: tuple[float, float, float] | None = None
    phase_shift: float | None = None
    score: float | None = None
    fit_resolution: float | None = None
    group: OpticsGroup | None = None

    def missing(self) -> list[str]:
        """What RELION needs to know for a correction of the contrast transfer, and is not known."""
        lacking = [name.replace("_", " ") for name in _STATED if getattr(self, name) is None]
        return lacking + (["defocus"] if self.defocus is None else [])

    def as_group(self) -> OpticsGroup | None:
        """The optics group; None while something that belongs to every one is not known."""
        from cryoloom.data import OpticsGroup

        voltage, aberration, contrast = self.voltage, self.spherical_aberration, self.amplitude_contrast
        if voltage is None or aberration is None or contrast is None:
            return None
        known = self.group or OpticsGroup.describe(
            name="opticsGroup1", voltage=voltage, spherical_aberration=aberration, amplitude_contrast=contrast
        )
        return replace(known, voltage=voltage, spherical_aberration=aberration, amplitude_contrast=contrast)

    def table(self, pixel_size: float, image_size: int) -> pl.DataFrame:
        """RELION's table of the only optics group.

        Parameters
        ----------
        pixel_size : of the images, in Å
        image_size : their edge in pixels
        """
        import polars as pl

        from cryoloom.formats.relion import optics_table_of

        group = self.as_group()
        if group is not None:
            return optics_table_of(group, pixel_size=pixel_size, image_size=image_size)
        known = {
            "rlnVoltage": self.voltage,
            "rlnSphericalAberration": self.spherical_aberration,
            "rlnAmplitudeContrast": self.amplitude_contrast,
        }
        return pl.DataFrame(
            {
                "rlnOpticsGroupName": ["opticsGroup1"],
                "rlnOpticsGroup": [1],
                **{label: [value] for label, value in known.items() if value is not None},
                "rlnImagePixelSize": [pixel_size],
                "rlnImageSize": [image_size],
                "rlnImageDimensionality": [2],
            }
        )

    def columns(self, count: int) -> dict[str, list[float]]:
        """RELION's columns of the contrast transfer, the same for each of so many particles."""
        u, v, angle = self.defocus or (None, None, None)
        known = {
            "rlnDefocusU": u,
            "rlnDefocusV": v,
            "rlnDefocusAngle": angle,
            "rlnPhaseShift": self.phase_shift,
            "rlnCtfFigureOfMerit": self.score,
            "rlnCtfMaxResolution": self.fit_resolution,
        }
        return {label: [value] * count for label, value in known.items() if value is not None}


def read_optics_of(path: Path, micrograph: Path, stated: Optics) -> Optics:
    """What a file says of the contrast transfer of a micrograph.

    Parameters
    ----------
    path : JSON that ``tool ctf --json`` printed, or a STAR file of micrographs with their CTFs
    micrograph : looked for by its name; a file that tells of one micrograph only is taken to mean this one
    stated : what the user says; it goes before what the file says

    Raises
    ------
    InputError
        If the file does not tell of this micrograph.
    """
    from cryoloom.formats._source import open_binary

    with open_binary(path) as opened:
        is_json = opened.read(4096).lstrip()[:1] in (b"{", b"[")
    found = _of_json(path, micrograph) if is_json else _of_star(path, micrograph, stated)
    given = {name: getattr(stated, name) for name in (*_STATED, "defocus") if getattr(stated, name) is not None}
    return replace(found, **given)


def _of_json(path: Path, micrograph: Path) -> Optics:
    if path.stat().st_size > _LARGEST_JSON:
        raise FormatError(f"{path.name}: this is larger than any answer of `tool ctf`.", path=path)
    try:
        answer = json.loads(path.read_bytes())
    except ValueError as error:
        raise FormatError(f"{path.name}: this is not valid JSON ({error}).", path=path) from error
    documents = [one for one in (answer if isinstance(answer, list) else [answer]) if isinstance(one, dict)]
    names = [str(one.get("micrograph", "")) for one in documents]
    document = documents[_position(names, micrograph, path)]
    try:
        numbers = {name: float(document[name]) for name in ("defocus_u", "defocus_v", "defocus_angle")}
        more: dict[str, Any] = {
            name: float(document[name])
            for name in (*_STATED, "phase_shift", "score", "fit_resolution")
            if document.get(name) is not None
        }
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(
            f"{path.name}: it does not give the defocus of {micrograph.name} as `tool ctf --json` does ({error}).",
            path=path,
        ) from error
    return Optics(defocus=(numbers["defocus_u"], numbers["defocus_v"], numbers["defocus_angle"]), **more)


def _of_star(path: Path, micrograph: Path, stated: Optics) -> Optics:
    import polars as pl

    from cryoloom.formats import read_star
    from cryoloom.formats.relion import AssumedAcquisition, read_ctfs

    assumed = AssumedAcquisition(**{name: getattr(stated, name) for name in _STATED})
    table = read_ctfs(path, assumed=assumed).table
    names: list[str] = next(
        block["rlnMicrographName"].to_list()
        for block in read_star(path).values()
        if isinstance(block, pl.DataFrame) and "rlnMicrographName" in block.columns
    )
    row = table.frame.row(_position(names, micrograph, path), named=True)
    group = table.optics_groups[row["optics_group"]]
    return Optics(
        **{name: getattr(group, name) for name in _STATED},
        defocus=(row["defocus_u"], row["defocus_v"], row["defocus_angle"]),
        **{name: row[name] for name in ("phase_shift", "score", "fit_resolution") if row.get(name) is not None},
        group=group,
    )


def _position(names: list[Any], micrograph: Path, path: Path) -> int:
    same = [number for number, name in enumerate(names) if Path(str(name)).name == micrograph.name]
    if len(same) == 1:
        return same[0]
    if len(names) == 1:
        return 0
    told = "several micrographs of this name" if same else f"{len(names)} micrographs, and none of this name"
    raise InputError(f"{path.name}: it tells of {told}: {micrograph.name}.", path=path)
