"""Beyond which limits an alarm comes up, and at which it goes away."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class AlarmLimits(BaseModel):
    """What an operator may set; the defaults suit single particles at 300 kV.

    An alarm goes away well within the limit that brought it up, so that a value at the limit does not make it come and
    go.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    no_movie_minutes: float = Field(5.0, gt=0, description="Without a new movie while more is expected.")
    exposures: int = Field(20, ge=4, le=1000, description="That are judged together: the newest ones.")
    share: float = Field(0.5, gt=0, le=1, description="Of these, beyond a limit for the same reason.")
    fit_resolution: float = Field(8.0, gt=0, description="In Å; a CTF fit that ends earlier is poor.")
    astigmatism: float = Field(100.0, gt=0, description="In nm.")
    motion_total: float = Field(60.0, gt=0, description="In Å; a longer drift is too much.")
    ice_ring: float = Field(0.1, gt=0, description="Strength above the background; more is crystalline ice.")
    ice_thickness: float = Field(3.0, gt=1, description="Times the median of the session.")
    gain_pattern: float = Field(0.35, gt=0, le=1, description="Correlation of what different micrographs share.")
    disk_share: float = Field(0.03, ge=0, lt=1, description="That is free of the disk of the project, at least.")
    disk_hours: float = Field(2.0, ge=0, description="For which the disk lasts at the pace of the session, at least.")
    finished_minutes: float = Field(10.0, ge=0, description="A run that took longer is told of when it has finished.")
