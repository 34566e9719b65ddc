"""Measurements that are kept, so that a long benchmark goes on where it was cut off.

One is taken again only if the code that it was taken with is unchanged: the engine's modules that the benchmark has
loaded, but for those that only foretell, and the scripts that score.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from particle_sets import CACHE

ENGINE, FORETELLING, SCORING = "cryoloom.engine.", "_cost", "_truth"


class Kept:
    """The measurements of one benchmark, in a file.

    Parameters
    ----------
    name : of the benchmark
    folder : of the file
    """

    def __init__(self, name: str, folder: Path = CACHE / "measured") -> None:
        self._file = folder / f"{name}.json"
        self._code = code_hash()
        self._records: list[dict] = []
        if self._file.exists():
            self._records = json.loads(self._file.read_text(encoding="utf-8"))

    def record(self, key: dict, measure: Callable[[], dict]) -> dict:
        """What was measured of a case, or what is measured now; the key and the day are part of it."""
        for one in self._records:
            if one["key"] == key and one["code"] == self._code:
                return {**key, "day": one["day"], **one["figures"]}
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        figures = measure()
        self._records = [one for one in self._records if one["key"] != key]
        self._records.append({"key": key, "code": self._code, "day": day, "figures": figures})
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(self._records, indent=1) + "\n", encoding="utf-8")
        part.replace(self._file)
        print(f"{self._file.stem}, {', '.join(f'{name} {value}' for name, value in key.items())}", file=sys.stderr)
        print(f"  {figures}", file=sys.stderr, flush=True)
        return {**key, "day": day, **figures}


def days(records: list[dict]) -> str:
    """The sentence that says when they were measured."""
    told = sorted({record["day"] for record in records})
    return f"Measured on {', '.join(told)}, one after the other, with the same code.\n"


def code_hash() -> str:
    """Of the sources that what is measured depends on."""
    digest = hashlib.sha256()
    for name, module in sorted(sys.modules.items()):
        last = name.rpartition(".")[2]
        matters = (name.startswith(ENGINE) and last != FORETELLING) or last.endswith(SCORING)
        source = getattr(module, "__file__", None)
        if matters and source is not None and source.endswith(".py"):
            digest.update(name.encode() + b"\0" + Path(source).read_bytes())
    return digest.hexdigest()
