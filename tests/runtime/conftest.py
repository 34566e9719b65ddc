"""Distributions that are really installed, in a folder of their own, and commands that see them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest


class Site:
    """A folder of installed distributions.

    Parameters
    ----------
    path : of the folder
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def install(
        self, name: str, entry_points: Mapping[str, str], files: Mapping[str, str], version: str = "1.0"
    ) -> None:
        """Put a distribution there, as an installer would: its modules, and its metadata beside them."""
        for file, text in files.items():
            target = self.path / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        info = self.path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        lines = [f"{key} = {value}" for key, value in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[cryoloom.plugins]", *lines, ""]), encoding="utf-8")

    def shell(self, *words: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command of cryoloom in a process that sees the distributions."""
        path = os.pathsep.join([str(self.path), *filter(None, [os.environ.get("PYTHONPATH", "")])])
        done = subprocess.run(
            [sys.executable, "-m", "cryoloom.cli.main", *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=os.environ | {"PYTHONPATH": path},
        )
        assert done.returncode == expect, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    def document(self, *words: object) -> Any:
        """The one JSON document that a command answers with."""
        return json.loads(self.shell(*words, "--json").stdout)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Site(tmp_path / "site")


@pytest.fixture(scope="session")
def blocks_of() -> Callable[[str], dict[str, str]]:
    """Gives the code blocks of a page of the documentation that begin with the name of a file, by that name."""

    def read(page: str) -> dict[str, str]:
        text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
        blocks = [part.partition("\n")[2] for part in text.split("```")[1::2]]
        return {block.partition("\n")[0].removeprefix("# "): block for block in blocks if block.startswith("# ")}

    return read
