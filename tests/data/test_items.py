"""Items: one declaration, from which the schema, the rows and the types follow."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from typing import ClassVar

import pytest

from cryoloom.data import (
    CTF,
    Column,
    Coordinate,
    Item,
    Movie,
    OpticsGroup,
    Particle,
    Schema,
    _item,
    column,
    item_class,
    item_kind,
    item_kinds,
    register_kind,
)
from cryoloom.errors import FormatError, NotFoundError, ParameterError

KINDS = [
    *("movies", "micrographs", "ctfs", "coordinates", "particles"),
    *("classes2d", "classes3d", "volumes", "masks", "fscs"),
]


@pytest.fixture(autouse=True)
def kinds_of_this_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test declares is forgotten with it: the kinds belong to the process, and other tests walk them."""
    monkeypatch.setattr(_item, "_KINDS", dict(_item._KINDS))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_explains_every_column(kind: str) -> None:
    schema = item_kind(kind).schema()
    assert kind in item_kinds()
    assert schema.kind == kind
    assert schema.names[:2] == ("id", "parent_id")
    assert {schema["id"].dtype, schema["parent_id"].dtype} == {"uint64"}
    for declared in schema:
        assert declared.meaning, f"{kind}.{declared.name} is not explained"
    lengths = {
        name for name in schema.names if name in ("pixel_size", "defocus_u", "defocus_v", "resolution", "diameter")
    }
    assert all(schema[name].unit in ("Å", "Å/px") for name in lengths)


def test_units_are_the_fields() -> None:
    particle, movie, ctf = Particle.schema(), Movie.schema(), CTF.schema()
    assert {particle[name].unit for name in ("rot", "tilt", "psi", "defocus_angle", "phase_shift")} == {"degrees"}
    assert {particle[name].unit for name in ("shift_x", "shift_y", "defocus_u", "defocus_v")} == {"Å"}
    assert {particle[name].unit for name in ("x", "y", "box_size")} == {"px"}
    assert {movie[name].unit for name in ("dose_per_frame", "pre_exposure")} == {"e/Å²"}
    assert ctf["warnings"].dtype == "list[string]"
    assert particle["half_set"].dtype == "int64"
    assert particle["x"].label == "x (px)"


def test_a_row_and_its_item_say_the_same(optics: OpticsGroup) -> None:
    item = Particle(id=5, parent_id=4, file="a.mrcs", index=3, pixel_size=1.2, box_size=64, rot=10.0, extra={"mine": 1})
    item = item.with_optics(optics)
    row = item.to_row()
    assert row["optics_group"] == optics.id
    assert row["mine"] == 1
    assert "tilt" not in row
    assert "attached_optics" not in row
    assert Particle.from_row(row, optics) == item
    assert Particle.from_row(row, optics).optics == optics


def test_missing_values_take_defaults_or_are_named() -> None:
    row = {"id": 1, "defocus_u": 1.0, "defocus_v": 1.0, "defocus_angle": 0.0, "pixel_size": 1.0, "phase_shift": None}
    assert CTF.from_row(row).phase_shift == 0.0
    with pytest.raises(FormatError, match="row of ctfs has no value for defocus_v, pixel_size"):
        CTF.from_row({"id": 1, "defocus_u": 1.0, "defocus_angle": 0.0, "defocus_v": None})


def test_optics_that_are_not_known_are_not_invented() -> None:
    particle = Particle(id=5, file="a.mrcs", index=3, pixel_size=1.2, box_size=64, optics_group=9)
    with pytest.raises(NotFoundError, match="Nothing is known about optics group 9 of item 5"):
        _ = particle.optics


def test_items_do_not_change_and_travel_between_processes(optics: OpticsGroup) -> None:
    item = Coordinate(id=1, micrograph_id=2, x=3.0, y=4.0, extra={"mine": (1, 2)})
    with pytest.raises(FrozenInstanceError):
        item.x = 5.0  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(item)) == item
    assert len({item, replace(item, extra={}), replace(item, x=9.0)}) == 3
    micrograph = Particle(id=5, file="a.mrcs", index=3, pixel_size=1.2, box_size=64).with_optics(optics)
    assert pickle.loads(pickle.dumps(micrograph)).optics == optics


def test_a_plugin_declares_a_kind_of_its_own() -> None:
    @item_class
    class Membrane(Item):
        """A traced membrane."""

        kind: ClassVar[str] = "membranes"
        schema_version: ClassVar[int] = 3

        thickness: float = column(unit="nm", meaning="of the bilayer")
        closed: bool = column(default=False, meaning="it is a vesicle")
        outline: tuple[float, ...] | None = column(default=None, meaning="its points")

    assert item_kind("membranes") is Membrane
    assert Membrane.schema().version == 3
    assert [Membrane.schema()[name].dtype for name in ("thickness", "closed", "outline")] == [
        "float64",
        "bool",
        "list[float64]",
    ]
    assert Membrane.from_row({"id": 1, "thickness": 4.0, "outline": [1.0, 2.0]}).outline == (1.0, 2.0)

    class Other(Item):
        kind: ClassVar[str] = "membranes"

    with pytest.raises(ParameterError, match="'membranes' is declared twice"):
        register_kind(Other)


def test_a_kind_that_is_not_known_is_guessed_at() -> None:
    with pytest.raises(NotFoundError, match="no kind of item 'particle'. Did you mean 'particles'"):
        item_kind("particle")


def test_a_field_of_no_storable_type_is_refused() -> None:
    @item_class
    class Odd(Item):
        """An item that cannot be stored."""

        kind: ClassVar[str] = "odd"

        value: complex = column(meaning="a complex number")

    with pytest.raises(ParameterError, match="cannot be declared as .*complex"):
        Odd.schema()
    with pytest.raises(ParameterError, match="unknown type 'complex64'"):
        Column("a", "complex64")


def test_a_schema_names_each_column_once_and_survives_json() -> None:
    schema = Particle.schema()
    assert Schema.from_json("particles", 1, schema.to_json()) == schema
    with pytest.raises(ParameterError, match="names x more than once"):
        Schema("a", 1, (Column("x", "int64"), Column("x", "int64")))
    assert schema.get("nothing") is None
    wider = schema.with_columns(Column("x", "float32"), Column("mine", "string"))
    assert (wider["x"].dtype, wider.names[-1], len(wider)) == ("float32", "mine", len(schema) + 1)


def test_an_optics_group_is_known_by_its_first_description(optics: OpticsGroup) -> None:
    same = OpticsGroup.describe(name="hole 1", voltage=300, spherical_aberration=2.7, amplitude_contrast=0.1)
    assert same == optics
    assert OpticsGroup.from_json(optics.to_json()) == optics
    other = OpticsGroup.describe(
        name="hole 1", voltage=300, spherical_aberration=2.7, amplitude_contrast=0.1, beam_tilt_x=0.1
    )
    assert other.id not in (optics.id, 0)
    assert hash(replace(optics, extra={"a": [1]})) == hash(optics)
    with pytest.raises(FormatError, match="optics group cannot be read: .*voltage"):
        OpticsGroup.from_json({"id": 1, "name": "x"})
