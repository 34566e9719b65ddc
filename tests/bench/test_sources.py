"""What a kept measurement depends on: what its script imports, near and far, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import sources


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of scripts in which `top` imports `middle`, which imports `bottom` in a function."""
    monkeypatch.setattr(sources, "_BENCH", tmp_path)
    write(tmp_path, "top", "import middle\n")
    write(tmp_path, "middle", "def late():\n    import bottom\n")
    write(tmp_path, "bottom", "VALUE = 1\n")
    write(tmp_path, "other", "VALUE = 1\n")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    sources._imported.cache_clear()
    sources._file_of.cache_clear()


def test_what_is_imported_far_away_counts_and_what_is_not_imported_does_not(bench: Path) -> None:
    before = sources.source_hash(["top"])
    write(bench, "other", "VALUE = 2\n")
    assert sources.source_hash(["top"]) == before
    write(bench, "bottom", "VALUE = 2\n")
    changed = sources.source_hash(["top"])
    assert changed != before
    write(bench, "bottom", "VALUE = 1\n")
    assert sources.source_hash(["top"]) == before
    write(bench, "top", "import middle\nEDGE = 3\n")
    assert sources.source_hash(["top"]) != before


def test_words_and_layout_do_not_count(bench: Path) -> None:
    write(bench, "middle", "def late():\n    import bottom\n    return bottom.VALUE\n")
    before = sources.source_hash(["top"])
    write(bench, "middle", 'def late():\n    """Told."""\n    import bottom  # late\n\n    return (bottom.VALUE)\n')
    assert sources.source_hash(["top"]) == before
    write(bench, "middle", "def late():\n    import bottom\n    return -bottom.VALUE\n")
    assert sources.source_hash(["top"]) != before


def test_imports_for_types_only_do_not_count(bench: Path) -> None:
    write(bench, "top", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import other\n")
    before = sources.source_hash(["top"])
    write(bench, "other", "VALUE = 3\n")
    assert sources.source_hash(["top"]) == before


def test_functions_count_in_place_of_their_script() -> None:
    with_one = sources.source_hash(["map_truth"], [sources.source_hash])
    assert with_one == sources.source_hash(["map_truth"], [sources.source_hash])
    assert with_one != sources.source_hash(["map_truth"], [sources._walk])


def test_a_benchmark_depends_on_the_engine_that_it_measures_and_not_on_another() -> None:
    found: dict[str, Path] = {}
    sources._walk("abinitio", found)
    assert "cryoloom.engine.abinitio._ab_initio" in found
    assert "cryoloom.testing.microscope._microscope" in found  # what made the images
    assert not [name for name in found if name.startswith("cryoloom.engine.ctf_refinement")]
