"""What a list of runs says of each, read from the run's own files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from cryoloom.errors import CryoloomError
from cryoloom.workflow.cleaned import cleaning_records
from cryoloom.workflow.run import HeartbeatWatch, RunFolder, RunState, standing


@dataclass(frozen=True, slots=True)
class InputLink:
    """The output that an input is connected to.

    Parameters
    ----------
    run : ULID
    output : name
    """

    run: str
    output: str


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One run in a list.

    Parameters
    ----------
    number : the label people use
    folder : name below ``runs/``
    ulid : identity; empty if ``run.json`` cannot be read
    protocol, protocol_version : what it was made for
    state : where it stands; None if its records cannot be read
    reason : why it failed or stopped
    attempt : number of the newest attempt, 0 for a draft
    progress : counts of the newest attempt, see `cryoloom.workflow.run.Progress`
    label, tags : what people wrote on it
    inputs : name of an input → what it is connected to
    replaces : ULID of the run it stands in for
    created, started, ended : moments in UTC, ISO 8601; empty if it has not come so far
    seconds : how long the newest attempt took, if it has ended
    cleaned : categories of files that were removed to free space
    disk_bytes : what it takes on the disk, if that was measured since it last changed
    problem : what could not be read, in one sentence
    """

    number: int
    folder: str
    ulid: str = ""
    protocol: str = ""
    protocol_version: int = 0
    state: RunState | None = None
    reason: str = ""
    attempt: int = 0
    progress: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    tags: tuple[str, ...] = ()
    inputs: Mapping[str, InputLink] = field(default_factory=dict)
    replaces: str | None = None
    created: str = ""
    started: str = ""
    ended: str = ""
    seconds: float | None = None
    cleaned: tuple[str, ...] = ()
    disk_bytes: int | None = None
    problem: str = ""

    @property
    def title(self) -> str:
        """``run 7 (ctf)``, for sentences."""
        return f"run {self.number} ({self.protocol or self.folder[7:]})"

    @property
    def is_active(self) -> bool:
        """A driver is at work, or it cannot be told."""
        return self.state is None or self.state.active

    def as_json(self) -> dict[str, Any]:
        """The fields by name, of types that JSON has."""
        document: dict[str, Any] = {name: getattr(self, name) for name in _FIELDS}
        document["inputs"] = {name: {"run": link.run, "output": link.output} for name, link in self.inputs.items()}
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `as_json` gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is something else.
        """
        if document.keys() != _FIELDS:
            raise ValueError("an entry of another version")
        state = document["state"]
        links = {name: InputLink(**link) for name, link in document["inputs"].items()}
        return cls(
            **{
                **document,
                "state": None if state is None else RunState(state),
                "inputs": links,
                "tags": tuple(document["tags"]),
                "cleaned": tuple(document["cleaned"]),
            }
        )


_FIELDS = frozenset(field.name for field in fields(RunEntry))


def read_entry(folder: RunFolder, watch: HeartbeatWatch | None = None) -> RunEntry | None:
    """Read one run; a file that cannot be read becomes the entry's problem.

    Parameters
    ----------
    folder : of the run
    watch : the observer's memory of heartbeats, see `standing`

    Returns
    -------
    None if the folder holds no run: it was never completed, or is gone.
    """
    known: dict[str, Any] = {}
    problems: list[str] = []
    if not folder.run_file.exists():
        return None
    for read in (_read_record, _read_annotations, _read_cleanings, lambda folder: _read_attempt(folder, watch)):
        try:
            known.update(read(folder))
        except (CryoloomError, OSError) as error:
            problems.append(str(error))
    return RunEntry(folder.number, folder.path.name, problem=" ".join(problems), **known)


def _read_record(folder: RunFolder) -> dict[str, Any]:
    record = folder.record()
    return {
        "ulid": record.ulid,
        "protocol": record.protocol,
        "protocol_version": record.protocol_version,
        "inputs": {name: InputLink(link.run, link.output) for name, link in record.inputs.items()},
        "replaces": record.replaces,
        "created": record.created,
    }


def _read_annotations(folder: RunFolder) -> dict[str, Any]:
    annotations = folder.annotations()
    return {"label": annotations.label, "tags": tuple(annotations.tags)}


def _read_cleanings(folder: RunFolder) -> dict[str, Any]:
    categories = (category for cleaning in cleaning_records(folder) for category in cleaning.categories)
    return {"cleaned": tuple(dict.fromkeys(categories))}


def _read_attempt(folder: RunFolder, watch: HeartbeatWatch | None) -> dict[str, Any]:
    now = standing(folder, watch)
    known: dict[str, Any] = {"state": now.state, "reason": now.reason, "attempt": now.attempt}
    known["progress"] = now.progress.model_dump(mode="json")
    if now.attempt:
        attempt = folder.attempt(now.attempt)
        known["started"] = attempt.request().started
        end = attempt.end()
        if end is not None:
            known.update(ended=end.ended, seconds=end.seconds)
    return known
