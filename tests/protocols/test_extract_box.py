"""The box that nobody has stated: what a microscopist would choose, and never one that its own warning is about."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cryoloom.data import Coordinate, Micrograph, OpticsGroup
from cryoloom.formats import write_image
from cryoloom.protocols.extract import ExtractParticles
from cryoloom.protocols.extract._box import default_box_size, what_box_loses
from cryoloom.workflow.workspace import Workspace

WAVELENGTH = 0.0197  # Å, of electrons of 300 kV
LARGE = (4092, 5760)


@pytest.mark.parametrize(
    ("diameter", "defocus", "pixel_size"),
    [*itertools.product((60.0, 155.0, 400.0), (0.5e4, 1e4, 2e4), (0.5, 0.85, 2.0))],
)
def test_it_holds_the_particle_and_what_defocus_spreads(diameter: float, defocus: float, pixel_size: float) -> None:
    known: dict[str, Any] = {"defocus": defocus, "resolution": None, "voltage": 300.0, "pixel_size": pixel_size}
    box = default_box_size(diameter, field=LARGE, **known)
    least = max(1.5 * diameter, diameter + 2 * WAVELENGTH * defocus / max(4.0, 2 * pixel_size)) / pixel_size
    assert least - 1 < box < 1.13 * least + 2  # quick sizes lie up to an eighth apart, as 128 and 144
    assert box % 2 == 0
    for binning in (1, 2):
        assert not what_box_loses(box, diameter, image_pixel_size=binning * pixel_size, **known)


def test_a_box_beyond_its_defocus_is_told_of_with_the_one_that_holds() -> None:
    known: dict[str, Any] = {"resolution": None, "voltage": 300.0, "pixel_size": 1.0}
    box = default_box_size(155.0, defocus=2e4, field=LARGE, **known)
    said = what_box_loses(box, 155.0, defocus=3e4, image_pixel_size=1.0, **known)
    assert said == f"At 3.00 µm a box of {box} px loses what the particle scatters at 4 Å; 452 px hold it."


def test_in_a_small_field_it_is_at_most_half_of_it_unless_the_particle_needs_more() -> None:
    known: dict[str, Any] = {"defocus": 2e4, "resolution": 3.0, "voltage": 300.0, "pixel_size": 2.0}
    assert default_box_size(60.0, field=(256, 300), **known) == 128
    assert default_box_size(200.0, field=(256, 300), **known) == 150


def micrograph(width: int = 5760) -> Micrograph:
    optics = OpticsGroup(id=1, name="one", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)
    return Micrograph(id=1, file="a.mrc", width=width, height=4092, pixel_size=0.85).with_optics(optics)


def test_memory_follows_from_the_coordinates() -> None:
    protocol = ExtractParticles()
    parameters = ExtractParticles.Parameters(diameter=155.0, output_size=100)
    few, many = (
        protocol.resources_given(micrograph(), parameters, {"coordinates": count}).memory for count in (10, 2010)
    )
    assert many - few == 2 * 2000 * 4 * 100 * 100  # the images, and once more where some are left out


@pytest.mark.parametrize(("at_the_edge", "warned"), [(1, False), (3, True)])
def test_positions_at_the_edge_are_warned_of_where_they_are_many(
    tmp_path: Path, at_the_edge: int, warned: bool
) -> None:
    write_image(tmp_path / "a.mrc", np.random.default_rng(1).normal(size=(300, 300)).astype("f4"), pixel_size=0.85)
    field = replace(micrograph(), width=300, height=300)
    places = [(5.0 + each, 150.0) for each in range(at_the_edge)] + [(150.0 + each, 150.0) for each in range(5)]
    coordinates = [Coordinate(id=10 + each, micrograph_id=1, x=x, y=y) for each, (x, y) in enumerate(places)]
    workspace = Workspace(tmp_path, "000001-extract", "a", 1, frozenset({"particles"}))
    parameters = ExtractParticles.Parameters(diameter=30.0, box_size=64)
    made = ExtractParticles().process(field, parameters, workspace, coordinates=coordinates)
    assert len(made) == 5
    said = [f"{at_the_edge} of {len(places)} particles were left out: its window of 64 pixels leaves the micrograph."]
    assert workspace.warnings == (said if warned else [])
