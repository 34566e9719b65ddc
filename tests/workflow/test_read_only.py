"""What a newer cryoloom has made, and runs whose plugin is missing, are read whole and never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cryoloom.errors import NotFoundError, ReadOnlyError
from cryoloom.testing.workflow import SmallEnvironment, SmallProject, Square
from cryoloom.workflow.protocol import Protocol
from cryoloom.workflow.run import FORMAT_VERSION, RunState
from cryoloom.workflow.templates import export_workflow


class OlderSquare(Square):
    """Square, as a former installation had it."""

    version = 0


class Environment(SmallEnvironment):
    """The small protocols without test-choose and test-square, or with an older test-square."""

    def __init__(self, square: type[Protocol] | None = None) -> None:
        super().__init__()
        self._square = square

    def protocol(self, protocol_id: str) -> type[Protocol]:
        if protocol_id == "test-square" and self._square is not None:
            return self._square
        if protocol_id in {"test-square", "test-choose"}:
            raise NotFoundError(f"The plugin of {protocol_id} is not installed.")
        return super().protocol(protocol_id)


def fingerprint(folder: Path) -> Mapping[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """1 numbers → 2 squares, 3 chosen; 4 squares never started; 5 squares in the trash."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    raw = tmp_path / "raw"
    raw.mkdir()
    for value in (-1, 2, 3):
        (raw / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
    project = SmallProject.create(tmp_path / "project")
    project.drive(project.add("test-numbers", folder=str(raw), expected=3))
    project.drive(project.add("test-square", numbers="1.numbers"))
    project.add("test-choose", numbers="1.numbers")
    project.add("test-square", numbers="1.numbers")
    gone = project.add("test-square", numbers="1.numbers")
    project.remove(project.plan_removal([gone.ulid]))
    return project


VERBS: dict[str, Callable[[SmallProject], object]] = {
    "start": lambda project: project.run(4).start(),
    "start with options": lambda project: project.run(4).start(options={"workers": 1}),
    "drive": lambda project: project.drive(project.run(4)),
    "resume": lambda project: project.run(2).resume(),
    "retry": lambda project: project.run(2).retry(),
    "exclude": lambda project: project.run(2).exclude([1]),
    "close": lambda project: project.run(2).close(),
    "decide": lambda project: project.run(3).decide(at_least=2),
    "annotate": lambda project: project.run(2).annotate(label="squares"),
    "remove": lambda project: project.plan_removal([project.run(4).ulid]),
}
OF_THE_PROJECT: dict[str, Callable[[SmallProject], object]] = {
    "stop": lambda project: project.run(2).stop(),
    "add": lambda project: project.add("test-keep", numbers="1.numbers"),
    "apply": lambda project: project.apply(export_workflow(project, ["1"])),
    "clean": lambda project: project.clean(project.plan_cleaning(categories=["squares"])),
    "restore": lambda project: project.restore([run.ulid for run in project.trash()]),
}


@pytest.mark.parametrize("verb", [*VERBS, *OF_THE_PROJECT])
def test_no_verb_changes_a_project_of_a_newer_cryoloom(project: SmallProject, verb: str) -> None:
    path = project.path / "project.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, "format_version": FORMAT_VERSION + 1}), encoding="utf-8")
    before = fingerprint(project.path)
    with pytest.raises(ReadOnlyError, match="newer cryoloom made it; update cryoloom"):
        (VERBS | OF_THE_PROJECT)[verb](project)
    assert fingerprint(project.path) == before
    assert [entry.number for entry in project.listing().runs] == [1, 2, 3, 4]
    assert len(project.output("2.squares")) == 2


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_changes_a_run_whose_plugin_is_missing(project: SmallProject, verb: str) -> None:
    without = SmallProject(project.folder, Environment())
    before = fingerprint(project.path)
    with pytest.raises(ReadOnlyError, match=r"can be read but not changed: The plugin of test-\w+ is not installed"):
        VERBS[verb](without)
    assert fingerprint(project.path) == before


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_changes_a_run_of_a_newer_format(project: SmallProject, verb: str) -> None:
    for run in project.runs():
        document = json.loads(run.folder.run_file.read_text(encoding="utf-8"))
        run.folder.run_file.write_text(json.dumps({**document, "format_version": FORMAT_VERSION + 1}), encoding="utf-8")
    before = fingerprint(project.path)
    with pytest.raises(ReadOnlyError, match="newer cryoloom"):
        VERBS[verb](project)
    assert fingerprint(project.path) == before


def test_a_run_of_a_newer_version_of_its_protocol_can_only_be_read(project: SmallProject) -> None:
    with pytest.raises(ReadOnlyError, match="made for version 1 of its protocol, and version 0 is installed"):
        SmallProject(project.folder, Environment(OlderSquare)).run(4).start()


def test_everything_of_a_run_without_its_plugin_is_read(project: SmallProject) -> None:
    without = SmallProject(project.folder, Environment())
    run = without.run(2)
    assert (run.state, [item.label for item in run.failed_items()]) == (RunState.FINISHED, ["number_-1"])
    assert list(run.outputs) == ["squares"]
    assert sorted(item.value for item in without.output("2.squares")) == [4.0, 9.0]  # type: ignore[attr-defined]
    assert "test-square version 1" in run.methods().text
    (square, *_) = without.output("2.squares")
    assert [ancestor.protocol for ancestor in without.trace("2.squares", square.id).line] == [
        "test-square",
        "test-numbers",
    ]
    kept = without.add("test-keep", numbers="2.squares", at_least=5)
    without.drive(kept)
    assert [item.value for item in kept.outputs["kept"]] == [9.0]  # type: ignore[attr-defined]


def test_a_run_without_its_plugin_can_be_stopped_and_keeps_its_files(project: SmallProject) -> None:
    without = SmallProject(project.folder, Environment())
    without.run(2).stop()
    assert len(project.run(2).folder.request_names()) == 1
    plan = without.plan_cleaning(categories=["squares"])
    assert plan.files == 0
    assert ["plugin of test-square is not installed" in share.why for share in plan.stays] == [True]
