"""Point groups are groups, of the known order, and the very ones that RELION means."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from cryoloom.engine.symmetry import group_order, point_group
from cryoloom.errors import ParameterError

ORDERS = {"C1": 1, "C3": 3, "C7": 7, "D2": 4, "D7": 14, "T": 12, "O": 24}


def same_set(first, second, tolerance=1e-4):
    """Is every matrix of one set in the other? RELION prints five digits."""
    distance = np.abs(first[:, None] - second[None]).max(axis=(2, 3))
    return len(first) == len(second) and (distance.min(axis=1) < tolerance).all()


@pytest.mark.parametrize(("name", "order"), ORDERS.items())
def test_operators_form_a_group_of_rotations(name, order):
    group = point_group(name)
    operators = group.operators
    assert group.order == order
    assert np.allclose(operators[0], np.eye(3))
    assert np.allclose(operators @ operators.transpose(0, 2, 1), np.eye(3))
    assert np.allclose(np.linalg.det(operators), 1)
    products = np.einsum("aij,bjk->abik", operators, operators).reshape(-1, 3, 3)
    assert (np.abs(products[:, None] - operators[None]).max(axis=(2, 3)).min(axis=1) < 1e-9).all()


@pytest.mark.skipif(shutil.which("relion_refine") is None, reason="relion_refine is not installed")
@pytest.mark.parametrize("name", [name for name in ORDERS if name != "C1"])
def test_relion_places_its_axes_alike(name):
    printed = subprocess.run(
        ["relion_refine", "--print_symmetry_ops", "--sym", name], capture_output=True, text=True, check=True
    ).stdout
    numbers = [
        line.split() for line in printed.splitlines() if re.fullmatch(r"\s*(-?[\d.e-]+\s+){2}-?[\d.e-]+\s*", line)
    ]
    operators = np.array(numbers, float).reshape(-1, 3, 3)
    assert same_set(operators, point_group(name).operators)


def test_names_are_forgiving_about_case():
    assert point_group(" d7 ").name == "D7"


@pytest.mark.parametrize("name", ["", "C0", "C100", "X3", "D", "C3h", "3"])
def test_what_is_no_group_is_refused(name):
    with pytest.raises(ParameterError, match="no point group"):
        point_group(name)


@pytest.mark.parametrize("name", ["I", "I2"])
def test_icosahedra_are_refused_for_now(name):
    with pytest.raises(ParameterError, match="icosahedral.*such as C5 or T"):
        point_group(name)


@pytest.mark.parametrize(("name", "order"), [*ORDERS.items(), ("I", 60), ("I1", 60), (" i3 ", 60)])
def test_the_order_is_known_of_icosahedra_too(name, order):
    assert group_order(name) == order


@pytest.mark.parametrize("name", ["", "I6", "IH", "C3h"])
def test_what_is_no_group_has_no_order(name):
    with pytest.raises(ParameterError, match="no point group"):
        group_order(name)
