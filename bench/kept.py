"""Measurements that are kept, so that a long benchmark goes on where it was cut off.

They lie in ``measured/`` and belong to the repository, since some take hours. One is taken again if the code that it
was taken with has changed: the benchmark's own functions that measure, and what its script imports (`sources.py`).
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import reporting
from sources import source_hash

FOLDER = Path(__file__).parent / "measured"


class Kept:
    """The measurements of one benchmark, in a file.

    Parameters
    ----------
    name : of the benchmark
    functions : of the benchmark that measure
    folder : of the file
    scripts : names of those of this folder that what is measured depends on; by default all that the benchmark imports
    """

    def __init__(
        self, name: str, functions: Sequence[Callable], folder: Path = FOLDER, scripts: Sequence[str] = ()
    ) -> None:
        self._file = folder / f"{name}.json"
        own = Path(inspect.getsourcefile(functions[0]) or "").stem
        self._code = source_hash(scripts or [own], functions)
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
