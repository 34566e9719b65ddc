"""What the preflight says of the first movies of the demonstration."""

from __future__ import annotations

from cryoloom.data import StoredSet
from cryoloom.protocols.preflight import Check
from cryoloom.runtime import Project


def checks_of(project: Project) -> list[Check]:
    """What the only preflight of a project has found so far."""
    (run,) = (run for run in project.runs() if run.record.protocol == "preflight")
    stored: StoredSet[Check] = StoredSet(run.folder.outputs / "checks")
    checks = stored.latest()
    return [] if checks is None else list(checks.items())


class PreflightNews:
    """Tells what the preflight of a project has found, once, when it has.

    Parameters
    ----------
    project : with one preflight
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._told = False

    def __call__(self) -> str:
        """Lines for people, or nothing."""
        checks = [] if self._told else checks_of(self._project)
        if not checks:
            return ""
        self._told = True
        return "\n".join(["The first movie, against what was stated:", *map(_line, checks)])


def _line(check: Check) -> str:
    measured = f" ({check.measured})" if check.measured and check.name != "gain" else ""  # eight scores say little here
    return f"  {check.verdict:<4}  {check.name}: {check.sentence}{measured}"
