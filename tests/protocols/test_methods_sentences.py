"""What each protocol says of itself in a methods section."""

from __future__ import annotations

from typing import Any

import pytest

from cryoloom.runtime import InstalledEnvironment

SAID = [
    ("filter", {"condition": "score > 1"}, {"kept": 3, "rest": 2}, "Of 5 items, the 3 with score > 1 were kept."),
    ("curate", {}, {"accepted": 3, "rejected": 2}, "Of 5 items, 3 were accepted."),
    (
        "curate",
        {"condition": "score > 1"},
        {"accepted": 3, "rejected": 2},
        "Of 5 items, 3 were accepted, at first those with score > 1.",
    ),
    ("combine", {"operation": "union"}, {"items": 4}, "The union of two sets gave 4 items."),
    (
        "combine",
        {"operation": "difference", "distance": 8},
        {"items": 4},
        "The difference of two sets, matched within 8 px, gave 4 items.",
    ),
    ("split", {}, {"first": 2, "second": 1}, "The set was divided into consecutive parts of 2 and 1 items."),
    ("split", {"seed": 1}, {"first": 2, "second": 1}, "The set was divided into random parts of 2 and 1 items."),
    ("edit", {"assignments": ["a = 1", "b = a"]}, {"items": 2}, "In 2 items, a = 1 and b = a were set."),
    (
        "join",
        {"key": "micrograph_id", "columns": ["defocus_u"]},
        {"items": 2},
        "2 items were given defocus_u of another set, matched by micrograph_id.",
    ),
    (
        "join",
        {"distance": 4.5},
        {"items": 2},
        "2 items were given further columns of another set, matched by position within 4.5 px.",
    ),
    ("import-particles", {"file": "/data/run.star"}, {"particles": 7}, "7 particles were imported from run.star."),
    ("import-volume", {"file": "/data/map.mrc"}, {"volumes": 1}, "The map map.mrc was imported."),
]


@pytest.mark.parametrize(("protocol", "values", "counts", "sentence"), SAID)
def test_a_protocol_speaks_of_what_it_did(
    protocol: str, values: dict[str, Any], counts: dict[str, int], sentence: str
) -> None:
    declared = InstalledEnvironment().protocol(protocol)
    assert declared().methods(declared.Parameters(**values), counts) == sentence
