"""The methods section says what was really run, cites each work once, and warns where something is amiss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cryoloom.data import Item, Snapshot, Table
from cryoloom.errors import NotFoundError
from cryoloom.testing.workflow import IteratedMean, SmallEnvironment, SmallProject, Square
from cryoloom.workflow.citations import cited
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.methods import Methods, decision_in_words, methods_of
from cryoloom.workflow.protocol import Protocol
from cryoloom.workflow.workspace import RoundWorkspace


class CitedSquare(Square):
    """Square numbers carefully."""

    citations = ("10.7554/eLife.06980", "https://doi.org/10.1016/j.jsb.2015.08.008")

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        return f"{counts['squares']} squares took {parameters.seconds:g} s each (version {self.version})."


class NewerSquare(CitedSquare):
    """Square, in a later version that cites something else."""

    version = 2
    citations = ("10.1000/newer",)


class CitedMean(IteratedMean):
    """Approach the mean."""

    citations = ("doi:10.7554/ELIFE.06980", "Archimedes & al., 100 % of_a {circle}")


class TellingMean(IteratedMean):
    """Approach the mean, and tell what of."""

    id = "test-telling-mean"
    shows_history = True

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        assert workspace.history is not None
        (workspace.folder / "told.txt").write_text(workspace.history.text)
        return super().compute(inputs, parameters, workspace)


class JudgingMean(IteratedMean):
    """Approach the mean, and judge the numbers by it."""

    id = "test-judging-mean"
    judges_inputs = True

    def cautions(self, outputs: Mapping[str, Snapshot[Any]]) -> list[str]:
        return [f"{outputs['means'].count} mean is doubtful."]


class Environment(SmallEnvironment):
    """Some of the small protocols, with citations and versions."""

    installed: ClassVar[tuple[type[Protocol], ...]] = (CitedSquare, CitedMean, TellingMean, JudgingMean)
    numpy: ClassVar[str] = "2.3.0"

    def protocols(self) -> Mapping[str, type[Protocol]]:
        return {**super().protocols(), **{protocol.id: protocol for protocol in self.installed}}

    def versions(self, protocol: type[Protocol]) -> dict[str, str]:
        return {"cryoloom": "0.1.0", "numpy": self.numpy}


class LaterEnvironment(Environment):
    installed = (NewerSquare, CitedMean)
    numpy = "2.4.0"


class WithoutSquare(Environment):
    def protocol(self, protocol_id: str) -> type[Protocol]:
        if protocol_id == "test-square":
            raise NotFoundError("Its plugin is not installed.")
        return super().protocol(protocol_id)


class WithoutJudge(Environment):
    def protocol(self, protocol_id: str) -> type[Protocol]:
        if protocol_id == "test-judging-mean":
            raise NotFoundError("Its plugin is not installed.")
        return super().protocol(protocol_id)


class Session:
    def __init__(self, folder: Path) -> None:
        self.raw = folder / "raw"
        self.raw.mkdir()
        self.folder = SmallProject.create(folder / "project").folder
        self.project = SmallProject(self.folder, Environment())
        self.source = self.project.add("test-numbers", folder=str(self.raw), expected=3)
        self.grow(-1, 2, 3)
        self.squares = self.project.add("test-square", numbers="1.numbers", seconds=0.001)
        self.mean = self.project.add("test-mean", numbers="2.squares", iterations=2)
        for run in (self.squares, self.mean):
            self.project.drive(run)

    def grow(self, *values: int) -> None:
        for value in values:
            (self.raw / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
        self.project.drive(self.source)

    def told(self, number: int = 3, environment: SmallEnvironment | None = None) -> Methods:
        graph = RunGraph.read(self.folder)
        return methods_of(graph, environment or self.project.environment, [self.project.run(number).ulid])


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def test_the_text_tells_every_step_with_its_numbers(session: Session) -> None:
    told = session.told()
    assert [(step.number, step.protocol, step.counts) for step in told.steps] == [
        (1, "test-numbers", {"numbers": 3}),
        (2, "test-square", {"squares": 2}),
        (3, "test-mean", {"means": 1}),
    ]
    assert told.text == (
        "Bring in every file of a folder that holds a number; a file that holds none fails (cryoloom protocol "
        "test-numbers version 1) gave 3 numbers. "
        "2 squares took 0.001 s each (version 1). "
        "Approach the mean (cryoloom protocol test-mean version 1) gave 1 mean. "
        "Versions: cryoloom 0.1.0, numpy 2.3.0."
    )
    assert told.remarks == ("Run 2 (test-square): 1 of 3 items failed.",)
    assert told.versions == {"cryoloom": ("0.1.0",), "numpy": ("2.3.0",)}
    assert asdict(told)["steps"][1]["counts"] == {"squares": 2}


def test_only_what_a_result_was_made_from_is_told(session: Session) -> None:
    session.project.drive(session.project.add("test-split", numbers="1.numbers"))
    assert [step.number for step in session.told(4).steps] == [1, 4]


def test_what_was_judged_of_an_input_is_told_with_all_that_was_made_of_it(session: Session) -> None:
    judge = session.project.add("test-judging-mean", numbers="1.numbers", iterations=1)
    sentence = "Run 4 (test-judging-mean): 1 mean is doubtful."
    assert sentence not in session.told().remarks, "it has not been run"
    session.project.drive(judge)
    assert session.told().remarks.count(sentence) == 1
    assert session.told(number=4).remarks.count(sentence) == 1
    assert "test-judging-mean" not in session.told().text
    assert session.told(environment=WithoutJudge()).remarks == ("Run 2 (test-square): 1 of 3 items failed.",)


def test_each_work_is_cited_once_with_who_asks_for_it(session: Session) -> None:
    told = session.told()
    assert [(citation.doi, citation.protocols) for citation in told.citations] == [
        ("10.7554/eLife.06980", ("test-square", "test-mean")),
        ("10.1016/j.jsb.2015.08.008", ("test-square",)),
        ("", ("test-mean",)),
    ]
    assert told.citations[1].bibtex == (
        "@misc{doi_10_1016_j_jsb_2015_08_008,\n"
        "  doi = {10.1016/j.jsb.2015.08.008},\n"
        "  url = {https://doi.org/10.1016/j.jsb.2015.08.008},\n"
        "  note = {asked for by test-square}\n"
        "}"
    )
    assert r"title = {Archimedes \& al., 100 \% of\_a circle}" in told.citations[2].bibtex
    assert told.bibtex.count("@misc{") == 3


def test_authors_and_journal_stand_beside_the_identifier() -> None:
    with_journal, bare, text = cited(
        [
            ("https://doi.org/10.7554/ELIFE.06980", "one"),
            ("Grant & Grigorieff (2015), eLife 4:e06980, doi:10.7554/eLife.06980", "two"),
            ("10.7554/elife.06980", "three"),
            ("10.1000/x(1)y", "one"),
            ("Archimedes, On Circles.", "two"),
        ]
    )
    assert (with_journal.doi, with_journal.protocols) == ("10.7554/eLife.06980", ("one", "two", "three"))
    assert str(with_journal) == "Grant & Grigorieff (2015), eLife 4:e06980, https://doi.org/10.7554/eLife.06980"
    assert r"howpublished = {Grant \& Grigorieff (2015), eLife 4:e06980}" in with_journal.bibtex
    assert [str(bare), str(text)] == ["https://doi.org/10.1000/x(1)y", "Archimedes, On Circles."]


def test_a_protocol_that_shows_history_is_given_what_its_inputs_were_made_by(session: Session) -> None:
    mean = session.project.add("test-telling-mean", numbers="2.squares")
    assert session.project.drive(mean)
    written = (mean.folder.path / "rounds" / "0001" / "told.txt").read_text()
    assert written == session.told(2).text
    assert "2 squares took" in written


def test_what_was_run_counts_and_not_what_is_installed_now(session: Session) -> None:
    told = session.told(environment=LaterEnvironment())
    assert "2 squares took 0.001 s each (version 1)." in told.text
    assert "10.1000/newer" not in told.bibtex
    assert told.versions["numpy"] == ("2.3.0",)
    assert told.steps[1].protocol_versions == (1,)
    assert "Run 2 (test-square) is stale: Version 1 of test-square made it; version 2 is installed now." in told.remarks
    assert "Run 3 (test-mean) is stale: Its input numbers is from run 2 (test-square), which is stale." in told.remarks


def test_a_run_of_two_versions_says_so_and_cites_both(session: Session) -> None:
    session.grow(4)
    later = SmallProject(session.folder, LaterEnvironment())
    later.drive(later.run(2))
    told = session.told(2, LaterEnvironment())
    assert told.steps[1].protocol_versions == (1, 2)
    assert "Run 2 (test-square) was made by versions 1 and 2 of its protocol." in told.remarks
    assert "numpy 2.3.0 and 2.4.0" in told.text
    assert [citation.doi for citation in told.citations][-1] == "10.1000/newer"


def test_drafts_failures_and_growth_are_told(session: Session) -> None:
    draft = session.project.add("test-mean", numbers="2.squares")
    told = session.told(draft.number)
    assert told.steps[-1].sentence == ""
    assert told.remarks[-1] == "Run 4 (test-mean) is a draft; nothing was run."
    negative = session.project.add("test-square", numbers="1.numbers")
    negative.exclude([item.id for item in session.source.outputs["numbers"] if item.value > 0])  # type: ignore[attr-defined]
    session.project.drive(negative)
    assert session.told(negative.number).remarks[-1].startswith("Run 5 (test-square) failed: All 1 items failed")
    session.grow(5)
    assert "Run 2 (test-square) is behind its inputs by 1." in session.told(2).remarks


def test_the_decision_that_was_made_last_is_told(session: Session) -> None:
    chosen = session.project.add("test-choose", numbers="1.numbers")
    assert "A person decided" not in session.told(chosen.number).text
    for threshold in (1, 3):
        chosen.decide(at_least=threshold)
    session.project.drive(chosen)
    assert session.told(chosen.number).steps[-1].sentence == (
        "Let a person choose the threshold (cryoloom protocol test-choose version 1) gave 1 chosen. "
        "A person decided: at_least = 3.0."
    )


def test_what_a_decision_leaves_empty_is_not_told() -> None:
    assert decision_in_words({"keep": "", "leave_out": "3,5", "at_least": 0.0}) == "leave_out = 3,5, at_least = 0.0"
    assert decision_in_words({"keep": "", "leave_out": []}) == "nothing was set"
    many = decision_in_words({"condition": f"id in [{', '.join(['0x00'] * 150)}]"})
    assert many.startswith("condition = id in [0x00, 0x00")
    assert many.endswith("… (906 characters in all)")
    assert len(many) < 300


def test_without_its_plugin_a_run_is_told_from_its_record(session: Session) -> None:
    told = session.told(environment=WithoutSquare())
    assert told.steps[1].sentence == "Protocol test-square version 1 with seconds = 0.001, write = True gave 2 squares."
    assert [citation.doi for citation in told.citations][:2] == ["10.7554/eLife.06980", "10.1016/j.jsb.2015.08.008"]
