"""The real `oidc-provider` on this machine, and a browser that signs in by it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest
from starlette.testclient import TestClient

FOLDER = Path(__file__).parents[1] / "auth" / "provider"
CLIENT, SECRET = "cryoloom", "a secret of tests"


def _node() -> str | None:
    return shutil.which("node", path=os.pathsep.join([os.environ["PATH"], str(Path(sys.executable).parent)]))


def what_is_missing(folder: Path) -> str:
    """What the provider cannot run without, by name, and what installs it; empty if nothing is."""
    package = folder / "node_modules" / "oidc-provider" / "package.json"
    locked = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    wanted = locked["node_modules/oidc-provider"]["version"]
    missing = []
    if _node() is None:
        missing.append("the program `node`, in PATH or beside Python")
    if not package.is_file():
        missing.append(f"the package oidc-provider {wanted} in {package.parent}")
    elif (version := json.loads(package.read_text(encoding="utf-8"))["version"]) != wanted:
        missing.append(f"the package oidc-provider {wanted} in {package.parent}, where {version} is")
    return f"needs {' and '.join(missing)}: `make install-test`, or `npm ci` in {folder}" if missing else ""


@contextmanager
def running_provider(address: str, folder: Path = FOLDER) -> Iterator[str]:
    """The issuer, while it runs; where Node or the package is missing, the test is skipped by name, or has failed.

    Parameters
    ----------
    address : of the server that people sign in to
    folder : of the program and its packages
    """
    missing = what_is_missing(folder)
    if missing:
        pytest.skip(missing)
    command = [str(_node()), str(folder / "provider.js"), CLIENT, SECRET, address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            issuer = process.stdout.readline().strip()
            assert issuer.startswith("http://127.0.0.1:"), issuer
            yield issuer
        finally:
            process.kill()


class Browser:
    """A browser with cookies of the server and of the provider.

    Parameters
    ----------
    server : that one signs in to
    """

    def __init__(self, server: TestClient | httpx2.Client) -> None:
        self.server = server
        self.provider = httpx2.Client(timeout=60)

    def go_to_provider(self, who: str, to: str = "/") -> str:
        """Begin to sign in, and tell the provider who one is; the address that it sends back to."""
        begun = self.server.get("/sign-in", params={"to": to})
        assert begun.status_code == 303, begun.text
        return self._through(begun.headers["location"], who)

    def sign_in(self, who: str, to: str = "/") -> httpx2.Response:
        """Sign in; the server's answer to who comes back."""
        return self.server.get(self.go_to_provider(who, to))

    def _through(self, address: str, who: str) -> str:
        for _ in range(12):
            answer = self.provider.get(address)
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            if answer.is_redirect:
                address = urljoin(address, answer.headers["location"])
            elif form is not None:
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                assert prompt is not None, answer.text
                told = {"prompt": prompt[1], "login": who, "password": "whatever"}
                address = self._sent(urljoin(address, form[1]), told)
            else:
                raise AssertionError(answer.text)
            if "/signed-in?" in address:
                return address
        raise AssertionError(address)

    def leave(self, address: str) -> str:
        """End the session at the provider; the address that it sends back to."""
        answer = self.provider.get(address)
        form = re.search(r'action="([^"]+)"', answer.text)
        xsrf = re.search(r'name="xsrf" value="(\w+)"', answer.text)
        assert form is not None, answer.text
        assert xsrf is not None, answer.text
        return self._sent(urljoin(address, form[1]), {"xsrf": xsrf[1], "logout": "yes"})

    def _sent(self, address: str, form: dict[str, str]) -> str:
        answer = self.provider.post(address, data=form)
        assert answer.is_redirect, answer.text
        return urljoin(address, answer.headers["location"])

    def close(self) -> None:
        """Forget everything."""
        self.provider.close()
