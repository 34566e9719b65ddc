"""Walks through the runs of a project: in order, each run once, however records may lead in circles."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.index import InputLink, RunEntry
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import RunState


def graph_of(*edges: str, replaces: dict[str, str] | None = None, drafts: str = "") -> RunGraph:
    """A graph of runs with one letter each; ``ab`` means that a reads b."""
    names = sorted({name for edge in edges for name in edge} | set(replaces or {}) | set((replaces or {}).values()))
    return RunGraph(
        ProjectFolder(Path("/nowhere")),
        [
            RunEntry(
                number=number,
                folder=f"{number:06d}-{name}",
                ulid=name,
                state=RunState.DRAFT if name in drafts else RunState.FINISHED,
                attempt=0 if name in drafts else 1,
                inputs={edge[1]: InputLink(edge[1], "items") for edge in edges if edge[0] == name},
                replaces=(replaces or {}).get(name),
            )
            for number, name in enumerate(names, 1)
        ],
    )


def test_what_is_read_comes_first() -> None:
    diamond = graph_of("db", "dc", "ba", "ca", "xa")
    order = diamond.upstream(["d"])
    assert sorted(order) == ["a", "b", "c", "d"]
    assert order[0] == "a"
    assert order[-1] == "d"
    assert diamond.upstream(["d", "x"])[-1] == "x"
    assert diamond.upstream(["d"], known={"b", "c"}) == ["d"]


def test_everything_made_from_a_run_is_downstream_of_it() -> None:
    diamond = graph_of("db", "dc", "ba", "ca", "xa")
    assert diamond.downstream("a") == ["b", "c", "x", "d"]
    assert diamond.downstream("d") == []
    assert diamond.readers("a") == ["b", "c", "x"]
    assert diamond.sources("d") == ["b", "c"]


def test_long_chains_are_walked_without_recursion() -> None:
    names = [chr(0x4E00 + number) for number in range(2000)]
    chain = graph_of(*(after + before for before, after in pairwise(names)))
    assert chain.upstream([names[-1]]) == names
    assert chain.downstream(names[0]) == names[1:]


def test_circles_are_walked_once() -> None:
    circle = graph_of("ab", "bc", "ca")
    assert sorted(circle.upstream(["a"])) == ["a", "b", "c"]
    assert circle.downstream("a") == ["c", "b"]
    assert graph_of("aa", replaces={"a": "a"}).replacement("a") is None


def test_the_newest_started_replacement_at_the_end_of_the_chain_counts() -> None:
    assert graph_of("xa", replaces={"b": "a", "c": "b"}).replacement("a") == "c"
    assert graph_of("xa", replaces={"b": "a", "c": "a"}).replacement("a") == "c"
    assert graph_of("xa", replaces={"b": "a", "c": "b"}, drafts="c").replacement("a") == "b"
    assert graph_of("xa", replaces={"b": "a"}, drafts="b").replacement("a") is None
    assert graph_of("xa").replacement("a") is None
