"""Atomic models, read through gemmi."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cryoloom.errors import FormatError, NotFoundError
from cryoloom.formats.models import read_model


@pytest.mark.parametrize(
    ("name", "atoms", "chains"), [("3j9i.pdb.gz", 46228, 28), ("1oel.pdb.gz", 27078, 7), ("4v1w.cif.gz", 32736, 24)]
)
def test_real_structures(name: str, atoms: int, chains: int, test_data: Path) -> None:
    model = read_model(test_data / "structures" / name)
    assert len(model) == atoms == len(model.elements) == len(model.b_factors)
    assert len(set(model.chains)) == chains
    assert model.name.lower() == name[:4]
    assert set(np.unique(model.elements)) <= {1, 6, 7, 8, 16, 20, 48, 26}
    assert np.abs(model.positions).max() < 1000.0


def test_groel_needs_both_its_operators(test_data: Path) -> None:
    """The file holds one ring of seven; the second follows from a two-fold axis."""
    model = read_model(test_data / "structures/1oel.pdb.gz")
    (assembly,) = model.assemblies
    assert assembly.operators.shape == (2, 3, 4)
    whole = model.assembled()
    assert len(whole) == 2 * len(model)
    assert len(set(whole.chains)) == 14
    second = whole.positions[len(model) :]
    rotation, shift = assembly.operators[1][:, :3], assembly.operators[1][:, 3]
    np.testing.assert_allclose(second, model.positions @ rotation.T + shift)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-4)
    assert np.linalg.det(rotation) == pytest.approx(1.0, abs=1e-4)
    # rings do not run into each other: no atom of one lies within 1 Å of one of the other
    sample = second[::50]
    nearest = min(float(np.linalg.norm(model.positions - atom, axis=1).min()) for atom in sample)
    assert nearest > 1.0
    with pytest.raises(NotFoundError, match="it has 1"):
        model.assembled("2")


def test_what_is_no_model(tmp_path: Path) -> None:
    for text in ("", "just words\n", "data_x\nloop_\n_a\n1\n", "data_x\n'broken"):
        (tmp_path / "a.pdb").write_text(text)
        with pytest.raises(FormatError, match=r"a\.pdb"):
            read_model(tmp_path / "a.pdb")
