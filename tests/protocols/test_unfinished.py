"""What a tool keeps beside its results: gone on with for the same command, and for no other."""

from __future__ import annotations

import os

from cryoloom.protocols.unfinished import Unfinished, content_fingerprint, stamp_fingerprint


def test_the_same_command_goes_on_and_another_begins_anew(tmp_path):
    folder = tmp_path / "fine_unfinished"
    first = Unfinished(folder, {"seed": "0", "mask": "abc"})
    assert first.begin() == ""
    assert first.begin() == ""  # nothing is kept yet
    first.save_checkpoint(3, b"third")
    first.save_checkpoint(12, b"second refinement", "second-checkpoint")
    same = Unfinished(folder, {"seed": "0", "mask": "abc"})
    assert same.begin() == f"It goes on after iteration 3, which an earlier call has kept in {folder}."
    assert [path.read_bytes() for path in same.checkpoints()] == [b"third"]
    assert [path.name for path in same.checkpoints("second-checkpoint")] == ["second-checkpoint-000012"]
    other = Unfinished(folder, {"seed": "1", "symmetry": "C3", "mask": "abc"})
    said = f"It begins anew: what {folder} held was begun otherwise (seed, symmetry), and has been removed."
    assert other.begin() == said
    assert not other.checkpoints()
    assert not other.checkpoints("second-checkpoint")
    other.remove()
    assert not folder.exists()


def test_a_torn_record_is_begun_anew_and_what_is_somebody_elses_stays(tmp_path):
    folder = tmp_path / "fine_unfinished"
    kept = Unfinished(folder, {"seed": "0"})
    kept.begin()
    kept.save_checkpoint(1, b"state")
    (folder / "command.json").write_text("{")
    (folder / "notes.txt").write_text("mine")
    assert kept.begin() == ""
    assert not kept.checkpoints()
    kept.save_checkpoint(1, b"state")
    kept.remove()
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_files_that_have_changed_are_known(tmp_path):
    paths = [tmp_path / name for name in ("one.mrcs", "two.mrcs")]
    for path in paths:
        path.write_bytes(b"images")
    before = stamp_fingerprint(paths)
    assert stamp_fingerprint(reversed(paths)) == before
    os.utime(paths[0], ns=(0, paths[0].stat().st_mtime_ns + 1))
    assert stamp_fingerprint(paths) != before
    assert content_fingerprint(paths[0]) == content_fingerprint(paths[1])
    paths[0].write_bytes(b"imagez")
    assert content_fingerprint(paths[0]) != content_fingerprint(paths[1])
    assert content_fingerprint(None) == ""
