"""Microscopes, as operators define them once, and sessions that visitors begin at them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from cryoloom.server.models._document import Document, Question

Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
_Path = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]


class Magnification(Question):
    """A magnification of a microscope, calibrated."""

    name: Named = Field(description="As people at the microscope call it, such as 105 000 ×.")
    pixel_size: float = Field(gt=0.05, le=100, description="Of the pixels in the files, in Å.")
    dose_per_frame: float = Field(gt=0, le=100, description="In general, in e/Å².")


class Microscope(Question):
    """What is the same in every session at a microscope."""

    name: Named
    voltage: float = Field(ge=20, le=1000, description="In kV.")
    spherical_aberration: float = Field(ge=0, le=20, description="In mm.")
    magnifications: tuple[Magnification, ...] = Field(min_length=1, max_length=50)
    gain_folder: _Path = Field("", description="Where gain references are put; empty: movies are corrected already.")
    template: _Path = Field("session", description="Workflow that a session begins with: its name, or a file.")
    lane: Named = Field("local", description="Where its runs are carried out.")

    @field_validator("gain_folder")
    @classmethod
    def _is_whole(cls, value: str) -> str:
        if value and (not value.startswith("/") or "\0" in value):
            raise ValueError("it has to begin with /")
        return value

    @model_validator(mode="after")
    def _tells_magnifications_apart(self) -> Self:
        if len({one.name for one in self.magnifications}) < len(self.magnifications):
            raise ValueError("two magnifications have the same name")
        return self


class Microscopes(Question):
    """All microscopes of a server, as an administrator wants them."""

    microscopes: tuple[Microscope, ...] = Field(max_length=50)
    revision: int = Field(ge=0, le=2**53, description="Of what the administrator has seen.")


class GainFile(Document):
    """A file in the gain folder of a microscope."""

    file: str = Field(description="Its path.")
    modified: float = Field(description="When it was written, in seconds since 1970.")


class MicroscopeDocument(Document):
    """A microscope that a session can be begun at."""

    name: str
    voltage: float
    spherical_aberration: float
    magnifications: list[Magnification]
    gain_folder: str
    template: str
    lane: str
    gains: list[GainFile] = Field(description="The newest first.")
    trouble: str = Field(description="Why no session can be begun at it; empty if one can.")


class MicroscopesDocument(Document):
    """All microscopes of a server."""

    microscopes: list[MicroscopeDocument]
    revision: int


class NewSession(Question):
    """A session that is to be begun."""

    name: Named = Field(description="Of the project that is made for it.")
    microscope: Named
    magnification: Named
    folder: Annotated[str, StringConstraints(min_length=1, max_length=1000)] = Field(
        description="That the microscope writes into."
    )
    diameter: float = Field(gt=5, le=10000, description="Of the particle, its longest, in Å.")
    dose_per_frame: float | None = Field(None, gt=0, le=100, description="In e/Å²; null: that of the magnification.")
    gain: Annotated[str, StringConstraints(max_length=1000)] | None = Field(
        None, description="One of the gain files of the microscope; null: the newest."
    )


class BegunSession(Document):
    """A session that has begun."""

    project: str = Field(description="ULID.")
    name: str
