"""The command that opens projects in a browser."""

from __future__ import annotations

import hashlib
import html
import os
import socket
import sys
import webbrowser
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cryoloom.server import ServerSettings

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NOT_BUILT = (
    "The web app was not built, so that a browser finds no pages here: `make web` in the source folder builds it, for "
    "what was installed from there by `make` or `pip install -e .`; what was installed by `pip install .` takes it in "
    "when it is installed again."
)


def serve(
    folder: Annotated[
        Path, typer.Argument(metavar="PROJECTS-FOLDER", help="Whose sub-folders are the projects.")
    ] = Path(),
    host: Annotated[
        str, typer.Option(help="Address to listen on; other than loopback, only behind a proxy that speaks HTTPS.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8765,
    oidc: Annotated[
        str, typer.Option(metavar="ISSUER", help="Let people sign in by this OpenID Connect provider; see --settings.")
    ] = "",
    settings_file: Annotated[
        Path | None,
        typer.Option(
            "--settings", metavar="FILE", help="Whom to tell of alarms, and what --oidc needs; see the guide."
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in this machine's browser.")] = True,
) -> None:
    """Serve projects to a browser; Ctrl-C ends the server, and leaves every run running.

    On a machine without a screen, the line is printed that makes the server reachable from yours.

    Example: cryoloom serve /data/projects
    """
    import uvicorn

    from cryoloom.server import create_application

    if oidc and settings_file is None:
        raise typer.BadParameter("--oidc needs --settings.")
    folder.mkdir(parents=True, exist_ok=True)
    settings = _settings(folder.resolve(), host, oidc, settings_file)
    listening = _listen(host, port)
    chosen = listening.getsockname()[1]
    if settings.app_folder is None:
        typer.echo(f"{_NOT_BUILT}\n", err=True)
    _announce(settings, host, chosen, browser=browser)
    if host not in _LOOPBACK and not settings.address:
        typer.echo(
            f"Others can reach {host}, where nothing is encrypted: browsers elsewhere sign in only through a proxy "
            "that speaks HTTPS.\n",
            err=True,
        )
    sys.stdout.flush()
    config = uvicorn.Config(
        create_application(settings), log_level="warning", server_header=False, timeout_graceful_shutdown=2
    )
    uvicorn.Server(config).run(sockets=[listening])


def _settings(projects: Path, host: str, issuer: str, settings_file: Path | None) -> ServerSettings:
    """Where the projects are, and how people sign in."""
    from cryoloom.auth import AccessKey, Accounts
    from cryoloom.auth.oidc import SignInError
    from cryoloom.server import ServerSettings, read_operation_file, read_settings_file

    hosts = {*_LOOPBACK, host, socket.gethostname(), socket.getfqdn()}
    state, app = _state_folder(projects), _built_app()
    if settings_file is None or not issuer:
        alone = ServerSettings(
            projects, Accounts.kept_in(state), AccessKey(), hosts=frozenset(hosts), app_folder=app, watches=True
        )
        if settings_file is None:
            return alone
        operation = read_operation_file(settings_file)
        channels = operation.channels(settings_file.resolve().parent)
        return replace(alone, limits=operation.alarms, channels=tuple(channels))
    told = read_settings_file(settings_file)
    beside = settings_file.resolve().parent
    sign_in = told.sign_in(issuer, beside)
    try:
        sign_in.provider.check()
    except SignInError as error:  # it may be away just now
        typer.echo(f"Nobody can sign in as yet: {error}\n", err=True)
    return ServerSettings(
        projects,
        Accounts.kept_in(state, rules=sign_in.admission.digest),
        sign_in=sign_in,
        address=told.address,
        hosts=frozenset({*hosts, told.host}),
        app_folder=app,
        data_folders=told.data_folders,
        watches=True,
        limits=told.alarms,
        channels=tuple(told.channels(beside)),
    )


def _announce(settings: ServerSettings, host: str, port: int, *, browser: bool) -> None:
    """Say where the server is found, and open it."""
    from cryoloom.workflow.person import this_account

    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  # asked for by the person who serves
    here = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    if settings.key is None:
        typer.echo(f"Projects in {settings.projects_folder}, listening at {here}:\n\n    {settings.address}\n")
        return
    address = f"{here}/enter?key={settings.key.text}"
    typer.echo(f"Projects in {settings.projects_folder}:\n\n    {address}\n")
    if _is_headless():
        typer.echo(
            "This machine has no screen. On yours, this makes the address above work:\n\n"
            f"    ssh -N -L {port}:{shown}:{port} {this_account()}@{socket.gethostname()}\n"
        )
    elif browser:
        _open_browser(settings.accounts.folder, address)


def _state_folder(projects: Path) -> Path:
    """Where a server keeps what it knows of people: one folder for each folder of projects, in this account's own."""
    import platformdirs

    digest = hashlib.blake2b(str(projects).encode(), digest_size=4).hexdigest()
    return platformdirs.user_state_path("cryoloom") / "servers" / f"{projects.name or 'root'}-{digest}"


def _open_browser(folder: Path, address: str) -> None:
    """Open an address in this machine's browser by a page that only this account can read.

    Command lines can be read by everybody on the machine, so the key must not be in one.
    """
    page = folder / "open.html"
    page.unlink(missing_ok=True)
    descriptor = os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(
            "<!doctype html><meta charset=utf-8><title>cryoloom</title><meta name=referrer content=no-referrer>"
            f'<meta http-equiv=refresh content="0; url={html.escape(address)}">'
        )
    webbrowser.open(page.as_uri())


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens; its port is known before anything is printed.

    Raises
    ------
    InputError
        If the address cannot be had.
    """
    from cryoloom.errors import InputError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise InputError(
            f"Cannot listen on {host}, port {port} ({error.strerror}); give another --port, or 0 for any that is free."
        ) from None
    listening.listen(128)
    return listening


def _built_app() -> Path | None:
    """Folder of the app that came with this installation, if it was built."""
    from cryoloom import server

    folder = Path(server.__file__).parent / "app"
    return folder.resolve() if (folder / "index.html").is_file() else None


def _is_headless() -> bool:
    if sys.platform == "darwin" or os.name == "nt":
        return "SSH_CONNECTION" in os.environ
    return not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or "SSH_CONNECTION" in os.environ
