"""Which generations of sets must stay: a round of a Whole run was computed from them, or a person decided on them."""

from __future__ import annotations

from pathlib import Path

from cryoloom.durable import read_json
from cryoloom.errors import FormatError
from cryoloom.workflow.run import ChosenMembers, RequestKind, RunFolder


def pinned_generations(project: Path) -> dict[str, set[int]]:
    """The generations that rounds and decisions of this project's runs have pinned.

    A round pins what it reads from its beginning until a later round of its run has been computed: the last result can
    be made again from the very rows it came from, and an interrupted round goes on. A decision pins what the person was
    looking at until its members, or those of a later decision, are kept.

    Parameters
    ----------
    project : its folder

    Returns
    -------
    Folder of a set, relative to the project → generations.

    Raises
    ------
    FormatError
        If a round does not say what it reads, or a request cannot be read; then nothing may be deleted.
    """
    pinned: dict[str, set[int]] = {}
    for run in (project / "runs").iterdir():
        if RunFolder.number_of(run.name) is None:
            continue
        for inputs in _pinning_rounds(run / "rounds"):
            for folder, generation in _inputs_of(inputs):
                pinned.setdefault(folder, set()).add(generation)
        for folder, generation in _decided_on(RunFolder(run)):
            pinned.setdefault(folder, set()).add(generation)
    return pinned


def _decided_on(run: RunFolder) -> list[tuple[str, int]]:
    """What people decided on whose members are not kept yet, back to the last of which they are.

    All of them, since the newest may turn out not to be understood; then the one before it holds.
    """
    pinned: list[tuple[str, int]] = []
    for ulid in reversed(run.request_names()):
        request = run.request(ulid)
        if request.kind is not RequestKind.DECIDE:
            continue
        if ChosenMembers(run, ulid).exist():
            break
        pinned += request.pinned().values()
    return pinned


def _pinning_rounds(rounds: Path) -> list[Path]:
    """The ``inputs.json`` of the last computed round of a run and of those after it."""
    begun = sorted(rounds.glob("[0-9]*/inputs.json"), reverse=True)
    pinning = []
    for inputs in begun:
        pinning.append(inputs)
        if (inputs.parent / "result.json").exists():
            break
    return pinning


def _inputs_of(inputs: Path) -> list[tuple[str, int]]:
    try:
        return [(str(entry["set"]), int(entry["generation"])) for entry in read_json(inputs)["inputs"].values()]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{inputs} does not say what the round read; restore it from a copy.", path=inputs) from error
