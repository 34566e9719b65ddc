"""A choice among 2D classes, made once, holds for the classes of a newer round, or for the particles of its own."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from phantom_particles import BOX, DIAMETER, PIXEL, phantom
from simulated_stacks import write_images, write_particle_file

from cryoloom.workflow.run import ChosenMembers, RunState

VIEWS = np.array([[0.0, 90.0], [50.0, 20.0], [200.0, 110.0]])
FORMER, LATER = 120, 90
COUNT = FORMER + LATER
FIRST = 1000  # identity of the first particle
SEEN = np.random.default_rng(6).integers(0, len(VIEWS), COUNT)
UNWANTED = 0


@pytest.fixture
def star(tmp_path):
    """Particles that show three views, in two stacks; that of the later ones is not there yet."""
    random = np.random.default_rng(9)
    angles = np.column_stack([VIEWS[SEEN], random.uniform(0, 360, COUNT)])
    shifts = random.normal(0, 5, (COUNT, 2))
    rows = []
    for name, part, seed in (("former", slice(0, FORMER), 7), ("later", slice(FORMER, COUNT), 8)):
        kinds = np.zeros(len(SEEN[part]), int)
        rows += write_images(
            tmp_path / f"{name}.mrcs", [phantom()], kinds, angles[part], shifts[part],
            pixel_size=PIXEL, noise=1.5, first_id=FIRST + part.start, seed=seed,
        )  # fmt: skip
    (tmp_path / "later.mrcs").rename(tmp_path / "away.mrcs")
    return write_particle_file(tmp_path / "particles.star", rows)


def view_of(frame: pl.DataFrame) -> np.ndarray:
    """The true view of each particle."""
    return SEEN[frame["id"].to_numpy().astype(int) - FIRST]


def labels_of_particles(run) -> pl.DataFrame:
    """Each particle of the newest round with the label of its class."""
    classes = run.outputs["classes"].to_polars().select(pl.col("index") + 1, "label")
    particles = run.outputs["particles"].to_polars().select("id", index="class_number")
    return particles.join(classes, on="index")


def number_of(table: pl.DataFrame, label: int) -> int:
    """In the stack of averages, from 1, of the class of a label."""
    return int(table.filter(pl.col("label") == label)["index"][0])


def label_of_view(table: pl.DataFrame, view: int) -> int:
    """Of the class that nearly all particles of a view are in."""
    mine = table.filter(pl.Series(view_of(table) == view))["label"]
    label = mine.mode()[0]
    assert (mine == label).mean() > 0.9
    return int(label)


def ids_of(run) -> set[int]:
    """Of the particles that are kept."""
    return set(run.outputs["particles"].to_polars()["id"])


def members_of(run) -> pl.DataFrame:
    """What the last decision of a person chose, as it is kept."""
    return ChosenMembers(run.folder, run.last_decision().ulid).read()


def test_a_choice_holds_for_a_round_with_more_particles_or_for_its_own(make_project, star, monkeypatch):
    project = make_project()
    source = project.add("import-particles", file=star)
    classes = project.add(
        "class2d", particles="1.particles", diameter=DIAMETER, classes=3, mini_batches=8, images_per_class=30,
        full_passes=3, final_resolution=16.0, shift_radius=18.0, box_size=BOX, seed=2,
    )  # fmt: skip
    chosen = project.add("select-classes", classes="2.classes", particles="2.particles", least_resemblance=0.0)
    assert [end.state for end in project.drive(source, classes)] == [RunState.FINISHED] * 2
    before = labels_of_particles(classes)
    assert before.height == FORMER
    unwanted = label_of_view(before, UNWANTED)
    wanted = [label_of_view(before, view) for view in range(3) if view != UNWANTED]
    choice = {"keep": ", ".join(map(str, wanted)), "leave_out": str(unwanted)}
    # Others keep to what was chosen on the first round: applied then, applied only later, and without a person.
    pinned, late, proposed = (
        project.add(
            "select-classes", classes="2.classes", particles="2.particles", least_resemblance=0.0,
            newer_rounds="as-decided",
        )
        for _ in range(3)
    )  # fmt: skip
    for run in (chosen, pinned, late):
        run.decide(**choice | {"leave_out": f"{unwanted}, 9"})
    project.drive(chosen, pinned, proposed)
    for run in (chosen, pinned):
        (warning,) = run.warnings()
        assert warning.sentence == "Not all classes that are to be left out are found."
        assert warning.listing == "Missing: 9; there are 1-3."
    decided = ids_of(chosen)
    assert decided == set(before.filter(before["label"] != unwanted)["id"])
    assert ids_of(pinned) == decided
    assert ids_of(proposed) == set(before["id"])  # all three views are good
    assert not late.folder.decisions.exists()  # its driver will choose among what was there when it was decided

    star.with_name("away.mrcs").rename(star.with_name("later.mrcs"))
    ends = project.drive(source, classes, chosen)
    assert [end.state for end in ends] == [RunState.FINISHED] * 3, [end.reason for end in ends]
    assert sorted(path.parent.name for path in classes.folder.rounds.glob("*/result.json")) == ["0001", "0002"]
    after = labels_of_particles(classes)
    assert after.height == COUNT
    assert label_of_view(after, UNWANTED) == unwanted
    assert [label_of_view(after, view) for view in range(3) if view != UNWANTED] == wanted
    # Its number in the stack of averages is another one than before, so that it is the average that was found again.
    assert number_of(after, unwanted) != number_of(before, unwanted)
    kept, rejected = (chosen.outputs[name].to_polars() for name in ("particles", "rejected"))
    assert kept.height + rejected.height == COUNT
    assert (view_of(rejected) == UNWANTED).mean() > 0.9
    assert (view_of(kept) != UNWANTED).mean() > 0.9
    assert (kept["id"] >= FIRST + FORMER).any()

    project.drive(pinned, late, proposed)
    for run in (chosen, pinned, late):
        assert set(members_of(run)["id"]) == decided
        assert set(members_of(run)["label"]) == set(wanted)
    for run in (pinned, late):
        assert ids_of(run) == decided
        assert sorted(run.outputs["classes"].to_polars()["label"]) == sorted(wanted)
        assert run.outputs["rejected"].to_polars().height == COUNT - len(decided)
        assert run.outputs["particles"].to_polars()["class_number"].is_not_null().all()
        reason = run.folder.newest_attempt().end().reason
        assert reason == f"rejected: {COUNT - len(decided)} that were not chosen on the round of the decision"
    assert ids_of(proposed) == set(before["id"])
    monkeypatch.setattr(type(pinned), "start", lambda _: None)  # it is driven here
    pinned.decide(**choice)  # decided again, on the newer round
    project.drive(pinned)
    assert ids_of(pinned) == set(kept["id"])
