"""What can be read and not changed: what a newer cryoloom has made, and runs whose plugin is missing."""

from __future__ import annotations

from collections.abc import Iterable

from cryoloom.errors import NotFoundError, ReadOnlyError
from cryoloom.workflow.environment import Environment
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import FORMAT_VERSION, RunFolder


def check_writable(
    project: ProjectFolder, environment: Environment, runs: Iterable[RunFolder] = (), *, needs_protocol: bool = True
) -> None:
    """Refuse to change what this installation does not wholly understand; every verb that writes asks here first.

    Parameters
    ----------
    project : that is to be changed
    environment : tells the protocols that are installed
    runs : of the project, those that are to be changed
    needs_protocol : whether their protocols must be there

    Raises
    ------
    ReadOnlyError
        If a newer cryoloom made the project or a run, or a run's protocol is missing or older than the run.
    """
    project.check_format()
    for run in runs:
        why = why_read_only(run, environment, needs_protocol=needs_protocol)
        if why:
            raise ReadOnlyError(why, path=run.path)


def why_read_only(run: RunFolder, environment: Environment, *, needs_protocol: bool = True) -> str:
    """Why a run can be read and not changed; empty if it can be changed."""
    record = run.record()
    title = f"Run {run.number} ({record.protocol}) can be read but not changed"
    if record.format_version > FORMAT_VERSION:
        return f"{title}: a newer cryoloom made it; update cryoloom."
    if not needs_protocol:
        return ""
    try:
        installed = environment.protocol(record.protocol).version
    except NotFoundError as error:
        return f"{title}: {error}"
    if installed < record.protocol_version:
        return (
            f"{title}: it was made for version {record.protocol_version} of its protocol, and version {installed} is "
            "installed; update cryoloom or the plugin."
        )
    return ""
