"""Measurements that are kept, so that a long benchmark goes on where it was cut off.

They lie in ``measured/`` and belong to the repository, since some take hours. They are asked for again if the code that
they were taken with has changed: the benchmark's own functions that measure, and what its script imports
(`sources.py`). Of many measurements that were taken with the same code some are then taken again, which ones the new
code draws; if all their figures come out as they were, times aside, the others stand, and it is told. Figures may
differ by a hundredth or a thousandth: kernels that are compiled anew round otherwise.
"""

from __future__ import annotations

import inspect
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import reporting
from sources import source_hash

FOLDER = Path(__file__).parent / "measured"
SAMPLE = 3  # measurements, or more of many, that speak for the others
SHARE = 0.1  # of those that are asked for
MANY = 9  # so many are not all taken again
LAPSED = "lapsed"  # stands for the code of a measurement that another one has shown to be out of date
NEAR, NEARLY_NOTHING = 0.01, 0.001  # by which figures may differ, of themselves or in all
TIMES = ("seconds", "cpu", "speed", "refined_in")  # parts of names of figures that no run gives twice


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

    def records(self, keys: Sequence[dict], measure: Callable[..., dict]) -> list[dict]:
        """What was measured of cases, or what ``measure(**key)`` measures now; key, day and processor are part of it.

        Cases that were measured before the code changed are not all measured again if there are many of them and those
        that are drawn come out as they were.
        """
        former = self._former(keys)
        if len(former) >= MANY:
            self._ask_some(former, measure)
        return [self._record(key, measure) for key in keys]

    def _former(self, keys: Sequence[dict]) -> list[dict]:
        """Of the cases, the records that were taken with former code, with that which most of them were taken with."""
        stale = [one for one in self._records if one["key"] in keys and one["code"] not in {self._code, LAPSED}]
        if not stale:
            return []
        code, _ = Counter(one["code"] for one in stale).most_common(1)[0]
        return [one for one in stale if one["code"] == code]

    def _ask_some(self, former: list[dict], measure: Callable[..., dict]) -> None:
        """Measure some again; if they come out equal, let the others stand for the code as it is.

        If one does not, the others will never stand: not if this is cut off before they are measured, and not when
        other ones are drawn.
        """
        shuffled = sorted(former, key=lambda one: sha256(f"{self._code}{one['key']}".encode()).digest())
        count = max(SAMPLE, round(SHARE * len(former)))
        drawn, others = shuffled[:count], shuffled[count:]
        for one in drawn:
            if not _alike(_untimed(self._record(one["key"], measure)), _untimed({**one["key"], **one["figures"]})):
                print(f"{self._file.stem}: figures have changed with the code.", file=sys.stderr, flush=True)
                for other in former:
                    if other["code"] != self._code:
                        other["code"] = LAPSED
                self._write()
                return
        confirmed = {"day": _today(), "drawn": count, "of": len(former)}
        for one in others:
            one.update(code=self._code, confirmed=[*one.get("confirmed", []), confirmed])
        self._write()

    def _record(self, key: dict, measure: Callable[..., dict]) -> dict:
        for one in self._records:
            if one["key"] == key and one["code"] == self._code:
                return {**key, **one["where"], **one["figures"], "confirmed": one.get("confirmed", [])}
        where = {"day": _today(), "processor": reporting.processor()}
        figures = measure(**key)
        self._records = [one for one in self._records if one["key"] != key]
        self._records.append({"key": key, "code": self._code, "where": where, "figures": figures})
        self._write()
        print(f"{self._file.stem}, {', '.join(f'{name} {value}' for name, value in key.items())}", file=sys.stderr)
        print(f"  {figures}", file=sys.stderr, flush=True)
        return {**key, **where, **figures, "confirmed": []}

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(self._records, indent=1) + "\n", encoding="utf-8")
        part.replace(self._file)


def days(records: list[dict]) -> str:
    """The sentences that say when they were measured, on which processors, and what was confirmed later."""
    told = sorted({f"{record['day']} ({record['processor']})" for record in records})
    said = [f"Measured on {', '.join(told)}, one after the other."]
    held = [record for record in records if record["confirmed"]]
    if held:
        last = held[0]["confirmed"][-1]
        said.append(
            f"The code has changed since {len(held)} of {len(records)} were measured; of those, {last['drawn']} that "
            f"were drawn and measured again on {last['day']} came out as they were, within a hundredth; times aside."
        )
    return f"{' '.join(said)}\n"


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def _untimed(figures: dict) -> dict:
    """Figures as they are read again, without those that no run gives twice, and without where and when it was."""
    left_out = (*TIMES, "day", "processor", "confirmed")

    def kept(values: dict) -> dict:
        told = {name: value for name, value in values.items() if not any(part in name for part in left_out)}
        return {name: kept(value) if isinstance(value, dict) else value for name, value in told.items()}

    return json.loads(json.dumps(kept(figures)))


def _alike(one: object, other: object) -> bool:
    """Whether values are equal, but for small differences of numbers that are not whole."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=NEAR, abs_tol=NEARLY_NOTHING)
    return one == other
