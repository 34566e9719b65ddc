"""Measurements that are kept, so that a long benchmark goes on where it was cut off.

They lie in ``measured/`` and belong to the repository, since some take hours. One is taken again if the code that it
was taken with has changed: the modules of engine and protocols that are loaded, but for those that only foretell (or,
of a peer, its fixed commands), the scripts that make and score particles, and the benchmark's own functions that
measure.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import reporting

FOLDER = Path(__file__).parent / "measured"
OURS = ("cryoloom.engine.", "cryoloom.protocols.")
FORETELLING = ("_cost", "_protocol")
BESIDE = ("map_truth", "class_truth", "particle_sets", "particle_micrographs", "synthetic_particles")


class Kept:
    """The measurements of one benchmark, in a file.

    Parameters
    ----------
    name : of the benchmark
    functions : of the benchmark that measure; all that they need is loaded and compiled
    folder : of the file
    measured_with : how the names of those modules begin that make what is measured
    """

    def __init__(
        self, name: str, functions: Sequence[Callable], folder: Path = FOLDER, measured_with: tuple[str, ...] = OURS
    ) -> None:
        self._file = folder / f"{name}.json"
        self._code = code_hash(functions, measured_with)
        self._records: list[dict] = []
        if self._file.exists():
            self._records = json.loads(self._file.read_text(encoding="utf-8"))

    def holds(self, key: dict) -> bool:
        """Whether a case was measured with the code as it is."""
        return any(one["key"] == key and one["code"] == self._code for one in self._records)

    def record(self, key: dict, measure: Callable[[], dict]) -> dict:
        """What was measured of a case, or what is measured now; key, day and processor are part of it."""
        for one in self._records:
            if one["key"] == key and one["code"] == self._code:
                return {**key, **one["where"], **one["figures"]}
        where = {"day": f"{datetime.now(UTC):%Y-%m-%d}", "processor": reporting.processor()}
        figures = measure()
        self._records = [one for one in self._records if one["key"] != key]
        self._records.append({"key": key, "code": self._code, "where": where, "figures": figures})
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(self._records, indent=1) + "\n", encoding="utf-8")
        part.replace(self._file)
        print(f"{self._file.stem}, {', '.join(f'{name} {value}' for name, value in key.items())}", file=sys.stderr)
        print(f"  {figures}", file=sys.stderr, flush=True)
        return {**key, **where, **figures}


def days(records: list[dict]) -> str:
    """The sentence that says when they were measured, and on which processors."""
    told = sorted({f"{record['day']} ({record['processor']})" for record in records})
    return f"Measured on {', '.join(told)}, one after the other, with the same code.\n"


def code_hash(functions: Sequence[Callable], measured_with: tuple[str, ...] = OURS) -> str:
    """Of the sources that what is measured depends on."""
    digest = hashlib.sha256("\0".join(map(inspect.getsource, functions)).encode())
    for name, module in sorted(sys.modules.items()):
        ours = name.startswith(measured_with) and name.rpartition(".")[2] not in FORETELLING
        source = getattr(module, "__file__", None)
        if (ours or name in BESIDE) and source is not None:
            digest.update(name.encode() + b"\0" + Path(source).read_bytes())
    return digest.hexdigest()
