"""Sets of CTFs, as the tests of sets write and read them."""

from __future__ import annotations

import json
from pathlib import Path

from cryoloom.data import CTF, Snapshot, StoredSet


def ctf(identity: int, **values: object) -> CTF:
    fitted = {"defocus_u": 12_000.0, "defocus_v": 11_500.0, "defocus_angle": 30.0, "pixel_size": 1.5}
    return CTF(id=identity, **(fitted | values))


def latest(folder: Path) -> Snapshot[CTF]:
    snapshot = StoredSet(folder).latest()
    assert snapshot is not None
    return snapshot


def edit_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest-000001.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
