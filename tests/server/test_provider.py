"""What signing in is tested with is there, or it is said by name that it is not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.server.provider import FOLDER, what_is_missing

ROOT = Path(__file__).parents[2]
ASKED = """
from pathlib import Path
from tests.server.provider import running_provider

def test_somebody_signs_in():
    with running_provider("http://127.0.0.1:1", Path({folder!r})):
        assert False, "it runs without its package"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the provider, before anything was installed."""
    made = tmp_path / "provider"
    made.mkdir()
    for name in ("package.json", "package-lock.json", "provider.js"):
        shutil.copy(FOLDER / name, made)
    return made


@pytest.mark.parametrize(("options", "code", "told"), [((), 0, "1 skipped"), (("--no-skips",), 1, "1 failed")])
def test_without_its_package_a_test_is_skipped_or_failed_by_name(
    tmp_path: Path, folder: Path, options: tuple[str, ...], code: int, told: str
) -> None:
    (tmp_path / "test_signing_in.py").write_text(ASKED.format(folder=str(folder)), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    command += ["-p", "no:cacheprovider", "-rs", *options, str(tmp_path / "test_signing_in.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, told in done.stdout) == (code, True), done.stdout + done.stderr
    assert "the package oidc-provider" in done.stdout
    assert "make install-test" in done.stdout


def test_another_version_than_is_locked_is_told(folder: Path) -> None:
    package = folder / "node_modules" / "oidc-provider" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"version": "1.0.0"}), encoding="utf-8")
    assert "where 1.0.0 is" in what_is_missing(folder)
    locked = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    package.write_text(json.dumps({"version": locked["node_modules/oidc-provider"]["version"]}), encoding="utf-8")
    assert "oidc-provider" not in what_is_missing(folder).partition(":")[0]
