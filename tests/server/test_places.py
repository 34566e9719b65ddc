"""Runs read what the operator has opened, and nothing of projects that are not shared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.server.asking import ADDRESS

from cryoloom.auth import Role
from cryoloom.server import ServerSettings, create_application


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN])
def test_only_what_is_opened_is_read(
    settings: ServerSettings, signed_in, movies: Path, tmp_path, new_import, role
) -> None:
    opened = tmp_path / "opened"
    opened.mkdir()
    (opened / "session").mkdir()
    (opened / "out").symlink_to(movies)
    confined = replace(settings, data_folders=(opened,))
    with TestClient(create_application(confined), base_url=ADDRESS) as client:
        client.headers.update(signed_in("ana", role))
        project = client.post("/api/projects", json={"name": "P"}).json()
        runs = f"/api/projects/{project['ulid']}/runs"

        def asked(**values: object):
            return client.post(runs, json=new_import | {"parameters": new_import["parameters"] | values})

        for folder in (movies, opened / "out", opened / ".." / "raw", "/etc", "relative", "a" * 5000, "/\0"):
            refused = asked(folder=str(folder))
            assert refused.status_code == 403, folder
            assert "is not below a folder" in refused.json()["message"]
        assert asked(folder=str(opened / "session"), gain="/etc/passwd").status_code == 403
        assert asked(folder=project["folder"]).status_code == 201
        made = asked(folder=str(opened / "session"))
        assert made.status_code == 201
        change = client.patch(f"{runs}/{made.json()['ulid']}", json={"parameters": {"folder": "/etc"}})
        assert change.status_code == 403


def test_projects_of_others_are_not_read(settings: ServerSettings, signed_in, new_import, shelf: Path) -> None:
    with TestClient(create_application(settings), base_url=ADDRESS) as client:
        ana, bea, root = signed_in("ana", Role.USER), signed_in("bea", Role.USER), signed_in("root", Role.ADMIN)
        theirs = client.post("/api/projects", json={"name": "Theirs"}, headers=ana).json()
        for who, folder, status in (
            (bea, theirs["folder"], 403),
            (bea, str(shelf), 403),
            (bea, "/", 403),
            (bea, str(shelf / "Mine-1" / ".." / "Theirs"), 403),
            (root, theirs["folder"], 201),
        ):
            mine = client.post("/api/projects", json={"name": f"Mine {len(list(shelf.iterdir()))}"}, headers=who).json()
            asked = new_import | {"parameters": new_import["parameters"] | {"folder": folder}}
            answer = client.post(f"/api/projects/{mine['ulid']}/runs", json=asked, headers=who)
            assert answer.status_code == status, answer.text
