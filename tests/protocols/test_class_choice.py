"""To choose 2D classes that are not there, or to leave none, is refused, or warned of by name."""

from __future__ import annotations

import pytest

from cryoloom.data import Class2D, Particle, Table
from cryoloom.errors import ParameterError
from cryoloom.protocols.class2d import SelectClasses
from cryoloom.protocols.class_choice import in_words
from cryoloom.workflow.protocol import Remark

IMAGE = {"pixel_size": 1.0, "box_size": 32}
LABELS = (1, 2, 4)
KEPT = "Not all classes that are to be kept are found."
LEFT_OUT = "Not all classes that are to be left out are found."


@pytest.fixture
def tables() -> dict[str, Table]:
    """Three classes of two particles each, of which the proposal keeps the first two."""
    classes = [
        Class2D(
            id=10 + index, file="a.mrcs", index=index, label=label, proposed=label < 4, particle_count=2, share=0.33,
            **IMAGE,
        )
        for index, label in enumerate(LABELS)
    ]  # fmt: skip
    particles = [
        Particle(id=1 + number, file="p.mrcs", index=number, class_number=1 + number // 2, score=1.0, **IMAGE)
        for number in range(6)
    ]
    return {"classes": Table.of(classes, "classes2d"), "particles": Table.of(particles, "particles")}


def chosen(tables: dict[str, Table], **decision: str) -> list[int]:
    protocol, parameters = SelectClasses(), SelectClasses.Parameters()
    made = protocol.apply(tables, parameters, SelectClasses.Decision(**decision))
    return made["particles"].frame["id"].to_list()


def remarks(tables: dict[str, Table], **decision: str) -> list[Remark]:
    return list(SelectClasses().remarks(tables, SelectClasses.Parameters(), SelectClasses.Decision(**decision)))


def test_what_is_found_is_taken_and_nothing_is_said(tables):
    assert chosen(tables, keep="4", leave_out="1") == [3, 4, 5, 6]
    assert remarks(tables, keep="4", leave_out="1") == []


def test_what_is_not_found_is_said_by_name(tables):
    assert chosen(tables, leave_out="1, 3, 7-9") == [3, 4]
    assert remarks(tables, leave_out="1, 3, 7-9") == [Remark(LEFT_OUT, "Missing: 3, 7-9; there are 1-2, 4.")]
    assert remarks(tables, keep="5", leave_out="6") == [
        Remark(KEPT, "Missing: 5; there are 1-2, 4."),
        Remark(LEFT_OUT, "Missing: 6; there are 1-2, 4."),
    ]


def test_to_leave_nothing_is_refused(tables):
    with pytest.raises(ParameterError, match="Leave out 1-2: none of classes 1-2, 4 is left"):
        chosen(tables, leave_out="1-2")


def test_nothing_is_refused_or_said_before_there_are_classes(tables):
    none_yet = {name: table.with_frame(table.frame.clear()) for name, table in tables.items()}
    assert chosen(none_yet, keep="1", leave_out="2") == []
    assert remarks(none_yet, keep="1", leave_out="2") == []


def test_labels_are_written_as_people_write_them():
    assert in_words({7, 1, 2, 3, 9, 10}) == "1-3, 7, 9-10"
    assert in_words(()) == ""
