"""`cryoloom serve` as a process: what it prints, what it answers, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from served import Served

from cryoloom.cli import serving
from cryoloom.runtime import Project


@pytest.fixture
def served(shelf: Path, tmp_path: Path) -> Iterator[Served]:
    one = Served(shelf, tmp_path / "home")
    yield one
    one.stop()


def test_it_prints_the_address_and_how_to_reach_it_from_elsewhere(served: Served) -> None:
    assert f"ssh -N -L {served.port}:127.0.0.1:{served.port} " in served.said
    served.sign_in()
    with served.open("/api/projects") as answer:
        assert json.load(answer) == []
    assert served.end() in {0, -signal.SIGTERM}


def test_a_change_on_the_disk_is_told_within_a_second_as_a_stream(served: Served, shelf: Path, movies: Path) -> None:
    project = Project.create(shelf / "p", "P")
    run = project.add("import-movies", folder=movies, voltage=300.0, pixel_size=1.5, dose_per_frame=1.0)
    served.sign_in()
    base = f"/api/projects/{project.record.ulid}"
    with served.open(f"{base}/runs") as answer:
        event = json.load(answer)["event"]
    with served.open(f"{base}/events?after={event}") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        run.annotate(label="seen")
        lines = []
        while not lines or lines[-1]:  # an event ends with an empty line
            lines.append(stream.readline().decode().strip())
        told = dict(line.partition(": ")[::2] for line in lines if line)
        assert told["event"] == "run"
        assert json.loads(told["data"])["label"] == "seen"
        assert told["id"].partition(":")[0] == event.partition(":")[0]


def test_runs_go_on_when_the_server_is_killed(served: Served, shelf: Path, tmp_path: Path, movies: Path) -> None:
    project = Project.create(shelf / "p", "P")
    settings = {"voltage": 300.0, "pixel_size": 1.5, "dose_per_frame": 1.0, "expect_more": True, "settle": 0.1}
    run = project.add("import-movies", folder=movies, **settings)
    served.sign_in()
    address = f"/api/projects/{project.record.ulid}/runs/{run.ulid}"
    start = urllib.request.Request(f"{served.address}{address}/start", method="POST", headers={"Cookie": served.cookie})
    with urllib.request.urlopen(start, timeout=60) as answer:
        assert answer.status == 204
    served.process.kill()
    served.process.wait()
    deadline = time.monotonic() + 60
    while not run.standing.progress.outputs.get("movies"):
        assert time.monotonic() < deadline, run.standing
        time.sleep(0.1)
    assert run.state.active
    again = Served(shelf, tmp_path / "home")
    try:
        again.cookie = served.cookie  # the page that is still open: nobody has to sign in again
        with again.open(address) as answer:
            assert json.load(answer)["state"] in {"running", "waiting for input", "attention"}
    finally:
        again.stop()
    run.stop()
    run.wait(60)


@pytest.mark.parametrize("built", [True, False])
def test_it_is_said_at_once_when_the_app_was_not_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], built: bool
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(serving, "_built_app", lambda: tmp_path if built else None)
    monkeypatch.setattr("uvicorn.Server.run", lambda _, sockets: [one.close() for one in sockets])
    serving.serve(tmp_path / "projects", port=0, browser=False, host="127.0.0.1")
    said = capsys.readouterr()
    assert "/enter?key=" in said.out
    assert ("The web app was not built" in said.err) is not built
    assert ("`make web` in the source folder" in said.err) is not built


def test_the_key_is_in_no_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everybody on a machine can read the command lines of its programs."""
    opened: list[str] = []
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(serving, "_is_headless", lambda: False)
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("uvicorn.Server.run", lambda _, sockets: [one.close() for one in sockets])
    for _ in range(2):  # a page of an earlier start is no hindrance
        serving.serve(tmp_path / "projects", port=0, browser=True, host="127.0.0.1")
    key = re.findall(r"key=(\S+)", capsys.readouterr().out)[-1]
    page = Path(urlsplit(opened[-1]).path)
    assert key not in opened[-1]
    assert f"/enter?key={key}" in page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o077 == 0


def test_a_port_that_is_taken_is_said(served: Served, shelf: Path, tmp_path: Path) -> None:
    words = ["serve", str(shelf), "--port", served.port, "--no-browser"]
    environment = os.environ | {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "home" / "state")}
    done = subprocess.run(
        [sys.executable, "-m", "cryoloom", *words], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 1
    assert f"port {served.port}" in done.stderr
    assert "Traceback" not in done.stderr
