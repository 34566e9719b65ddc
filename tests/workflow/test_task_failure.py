"""The log tells where a program went wrong, and of what is a user's to mend only the sentence."""

from __future__ import annotations

import pytest

from cryoloom.workflow.lane import TaskFailure


@pytest.mark.parametrize(
    ("kind", "is_input_error", "detail"),
    [
        ("InputError", True, ""),
        ("StorageError", False, ""),
        ("PluginsOwnInputError", True, ""),
        ("ValueError", False, "Traceback …"),
        ("NoErrorOfOurs", False, "Traceback …"),
    ],
)
def test_only_what_nobody_foresaw_is_told_with_its_traceback(kind: str, is_input_error: bool, detail: str) -> None:
    assert TaskFailure(kind, "It does not fit.", is_input_error, "Traceback …").detail == detail


def test_what_a_message_lists_is_told_below_it() -> None:
    assert TaskFailure("InputError", "It does not fit.", True, "Traceback …", "here: 3\nthere: 4").detail.endswith("4")
