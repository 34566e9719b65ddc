"""What the trust page of a refinement says, for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import from_json

if TYPE_CHECKING:
    from pathlib import Path

_VERSION = 1
_LARGEST = 8 * 2**20  # bytes
_Part = TypeVar("_Part", bound=BaseModel)
_Resolution = Annotated[float, Field(ge=0.1, le=1e4)]


class Headline(BaseModel):
    """The resolution that is believed, in a sentence."""

    model_config = ConfigDict(frozen=True)

    sentence: str = ""


class Scaling(BaseModel):
    """Resolutions in Å of maps of so many particles; None where the halves share nothing."""

    model_config = ConfigDict(frozen=True)

    counts: tuple[Annotated[int, Field(gt=0, lt=10**12)], ...] = ()
    resolutions: tuple[_Resolution | None, ...] = ()

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if len(self.counts) != len(self.resolutions):
            raise ValueError("as many counts as resolutions are needed")
        return self


class TrustFigures(BaseModel):
    """The figures of a trust page that are shown beside its map."""

    model_config = ConfigDict(frozen=True)

    headline: Headline = Headline()
    particle_scaling: Scaling = Scaling()


def trust_figures(document: Path) -> TrustFigures:
    """The figures that lie beside a trust page; what of them cannot be understood is left out."""
    if document.stat().st_size > _LARGEST:
        return TrustFigures()
    try:
        told: Any = from_json(document.read_bytes())
    except ValueError:
        return TrustFigures()
    if not isinstance(told, dict) or told.get("version") != _VERSION:
        return TrustFigures()
    return TrustFigures(
        headline=_understood(Headline, told.get("headline")),
        particle_scaling=_understood(Scaling, told.get("particle_scaling")),
    )


def _understood(kind: type[_Part], told: object) -> _Part:
    try:
        return kind.model_validate(told)
    except ValidationError:
        return kind()
