"""The package's face: what it offers, and that offering it costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import cryoloom.formats


def test_everything_on_offer_exists() -> None:
    for name in cryoloom.formats.__all__:
        assert getattr(cryoloom.formats, name) is not None
    assert set(cryoloom.formats.__all__) <= set(dir(cryoloom.formats))
    with pytest.raises(AttributeError, match="no attribute 'read_nothing'"):
        _ = cryoloom.formats.read_nothing


def test_importing_it_imports_no_library() -> None:
    heavy = ("numpy", "polars", "tifffile", "imagecodecs", "mrcfile", "gemmi", "numba", "scipy", "pydantic")
    code = f"import sys, cryoloom.formats; print([name for name in {heavy} if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
