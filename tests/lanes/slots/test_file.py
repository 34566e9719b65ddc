import os
from pathlib import Path

import pytest

from cryoloom.errors import LaneError
from cryoloom.lanes.slots import LockFile, _file

UNPRIVILEGED = 65534


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_whoever_comes_first_makes_the_file_for_everyone(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        file = LockFile(tmp_path / "lock")
    finally:
        os.umask(before)
    assert mode(file.path) == 0o666
    assert mode(file.path.parent) == 0o755
    assert [entry.name for entry in (tmp_path / "lock").iterdir()] == ["slots"]
    assert file.notice == ""


def test_the_machines_folder_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_file, "MACHINE_FOLDER", tmp_path / "machine")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    file = LockFile()
    assert file.path == tmp_path / "machine" / "slots"
    assert file.notice == ""


def test_without_the_machines_folder_the_users_is_taken_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no-folder").write_text("")
    monkeypatch.setattr(_file, "MACHINE_FOLDER", tmp_path / "no-folder" / "cryoloom")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    file = LockFile()
    assert file.path == tmp_path / "cryoloom" / "slots"
    assert "cannot see what other users run" in file.notice


def test_a_chosen_folder_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("")
    with pytest.raises(LaneError, match=r"no-folder/slots cannot be opened \(Not a directory\)"):
        LockFile(tmp_path / "no-folder")


def test_nothing_but_a_plain_file_is_locked(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "slots").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LaneError, match="cannot be opened"):
        LockFile(tmp_path)
    assert (tmp_path / "elsewhere").read_text() == "precious"


def test_a_removed_file_is_noticed(tmp_path: Path) -> None:
    file = LockFile(tmp_path)
    descriptor = file.open()
    assert file.is_at(descriptor)
    file.path.unlink()
    assert not file.is_at(descriptor)
    os.close(file.open())
    assert not file.is_at(descriptor)
    os.close(descriptor)
