"""What a package of protocols keeps to itself, no other one imports."""

from __future__ import annotations

import re
from pathlib import Path

import cryoloom.protocols

FOLDER = Path(cryoloom.protocols.__file__).parent
PRIVATE = re.compile(r"cryoloom\.protocols\.(\w+)\._\w+")


def test_no_package_imports_private_modules_of_another_one() -> None:
    imports = [
        (place, found[0])
        for place in sorted(FOLDER.rglob("*.py"))
        for found in PRIVATE.finditer(place.read_text(encoding="utf-8"))
        if place.relative_to(FOLDER).parts[0] != found[1]
    ]
    assert imports == []
