"""The log of who did what is appended to, whole after a power cut, and read from its newest end."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryoloom.auth import AuditEntry, AuditLog


def entry(act: str, **facts: str) -> AuditEntry:
    return AuditEntry("1" * 32, "Ana Sousa", "browser", act, 200, "/api/projects", facts)


def test_entries_are_read_from_the_newest_back(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit")
    assert log.newest() == ([], "")
    for number in range(7):
        log.append(entry(f"act {number}"))
    read, before = log.newest(limit=3)
    assert [one.act for one in read] == ["act 6", "act 5", "act 4"]
    read, before = log.newest(before=before, limit=3)
    assert [one.act for one in read] == ["act 3", "act 2", "act 1"]
    log.append(entry("act 7"))  # what comes meanwhile moves nothing
    read, before = log.newest(before=before, limit=3)
    assert ([one.act for one in read], before) == (["act 0"], "")


def test_entries_of_other_months_follow(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append(entry("now"))
    (month,) = tmp_path.iterdir()
    (tmp_path / "2020-01.jsonl").write_text(
        month.read_text(encoding="utf-8").replace("now", "long ago"), encoding="utf-8"
    )
    (tmp_path / "notes.txt").write_text("no log", encoding="utf-8")
    read, before = log.newest(limit=1)
    assert [one.act for one in read] == ["now"]
    read, before = log.newest(before=before, limit=1)
    assert ([one.act for one in read], before) == (["long ago"], "")


def test_what_a_power_cut_has_torn_is_passed_over(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append(entry("before"))
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:40])
    assert [one.act for one in log.newest()[0]] == ["before"]
    log.append(entry("after"))
    assert [one.act for one in log.newest()[0]] == ["after", "before"]
    assert file.read_bytes().startswith(whole)  # nothing that was written is touched


def test_entries_are_found_by_what_they_hold(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append(entry("share", shared_with="Bea Lind"))
    log.append(entry("start"))
    assert [one.act for one in log.newest(text="bea LIND")[0]] == ["share"]
    assert log.newest(text="nothing")[0] == []


def test_many_may_write_at_once_and_others_cannot_read(tmp_path: Path) -> None:
    logs = [AuditLog(tmp_path / "audit") for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: logs[number % 2].append(entry(f"act {number}\n")), range(60)))
    read, _ = logs[0].newest(limit=100)
    assert {one.act for one in read} == {f"act {number}\n" for number in range(60)}
    (file,) = (tmp_path / "audit").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all(one.moment.endswith("+00:00") for one in read)
