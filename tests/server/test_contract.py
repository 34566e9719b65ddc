"""The contract that the web app's types are made from is the server's own."""

from __future__ import annotations

import json
from pathlib import Path

from cryoloom.server import ServerSettings, create_application

KEPT = Path(__file__).parents[2] / "web" / "openapi.json"


def test_the_kept_contract_is_current(settings: ServerSettings) -> None:
    told = create_application(settings).openapi()
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(told)), "write web/openapi.json anew, then `npm run types` in web/"
