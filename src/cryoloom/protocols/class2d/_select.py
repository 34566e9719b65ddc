"""Choose among classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from cryoloom.data import Class2D, Particle
from cryoloom.protocols.class2d._tables import members
from cryoloom.protocols.class_choice import ClassChoice, check_choice, check_something_kept, labels_in, not_found
from cryoloom.workflow.parameters import Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import DecideProtocol, Input, Output, Remark, Stage, input_set, output_set

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import Snapshot, Table


class SelectClasses(DecideProtocol):
    """Keep the particles of good classes: as proposed, or as a person chooses.

    Classes are named by labels, which they keep from round to round while their averages are found again, in whatever
    turn. So a choice also holds for a newer round of the classification; classes that are new in it follow the
    proposal. Or the particles stay those of the round on which it was decided (`newer_rounds`).
    """

    id = "select-classes"
    stage = Stage.CLASSES_2D

    class Inputs:
        """Both outputs of a 2D classification."""

        classes: Input[Class2D] = input_set("averages with their scores")
        particles: Input[Particle] = input_set("their members")

    class Outputs:
        """Particles and classes that are kept, and the other particles."""

        particles: Output[Particle] = output_set("particles that are kept", same_as="particles")
        rejected: Output[Particle] = output_set("the other particles", same_as="particles")
        classes: Output[Class2D] = output_set("classes that are kept", same_as="classes")

    class Parameters(ProtocolParameters):
        """What holds until somebody decides."""

        wait: bool = parameter(False, label="Wait for a person", help="Otherwise the proposal holds until one decides.")
        newer_rounds: Literal["follow", "as-decided"] = parameter(
            "follow",
            label="Newer rounds",
            help="follow: the choice is applied again to the classes of a newer round, which are found by their "
            "averages. as-decided: exactly the particles stay that were chosen on the round of the decision; those "
            "that come later are rejected until somebody decides again.",
        )
        least_resemblance: float = parameter(
            0.72,
            label="Least resemblance",
            help="Particles that resemble the average of their class less than this share of what is typical are left "
            "out, and of a class that mixes two kinds the worse one; 0 keeps all members.",
            level=Level.ADVANCED,
            ge=0.0,
            le=2.0,
        )

    class Decision(ClassChoice):
        """What a person decides."""

    def first_decision(self, parameters: Any) -> Any | None:
        """The proposal, unless a person is to be waited for."""
        return None if parameters.wait else self.Decision()

    def check_decision(self, decision: Any, inputs: Mapping[str, Snapshot[Any]]) -> None:
        """Refuse labels none of which is there, and to leave all classes out."""
        classes = inputs["classes"].declared_table().frame
        check_choice(decision, _labels(classes), _labels(_kept(classes, decision)))

    def apply(self, tables: Mapping[str, Table], parameters: Any, decision: Any) -> Mapping[str, Table]:
        """Take the proposal, and what a person has changed of it."""
        kept, accepted = _chosen(tables, parameters, decision)
        return _divided(tables, accepted["id"], kept)

    def members(self, tables: Mapping[str, Table], parameters: Any, decision: Any) -> pl.DataFrame | None:
        """Particles that are kept, each with the label of its class."""
        import polars as pl

        if not all(len(table) for table in tables.values()):
            return None
        kept, accepted = _chosen(tables, parameters, decision)
        labels = kept.select("label", class_number=pl.col("index").cast(accepted["class_number"].dtype) + 1)
        return accepted.select("id", "class_number").join(labels, on="class_number", how="left").select("id", "label")

    def keeps_to_members(self, parameters: Any) -> bool:
        """If newer rounds are not to change what was decided."""
        return bool(parameters.newer_rounds == "as-decided")

    def apply_to_members(
        self, tables: Mapping[str, Table], parameters: Any, members: pl.DataFrame
    ) -> Mapping[str, Table]:
        """Exactly these particles, as the newest round has them, and the classes that bear the labels of theirs."""
        classes = tables["classes"].frame
        labelled = classes["label"].is_in(members["label"].unique().implode())
        return _divided(tables, members["id"], classes.filter(labelled))

    def remarks(self, tables: Mapping[str, Table], parameters: Any, decision: Any) -> Sequence[Remark]:
        """Labels that are not found in the round."""
        return not_found(decision, _labels(tables["classes"].frame))

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """Why particles were left out."""
        if not outputs["rejected"].count:
            return ""
        if parameters.newer_rounds == "as-decided":
            return f"rejected: {outputs['rejected'].count} that were not chosen on the round of the decision"
        classes = outputs["classes"]
        kept = (classes.to_polars(columns=["index"])["index"] + 1).to_list() if classes.count else []
        rejected = outputs["rejected"].to_polars(columns=["class_number"])["class_number"]
        unlike = int(rejected.is_in(kept).sum())
        reasons = {"in classes left out": len(rejected) - unlike, "unlike the average of their class": unlike}
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count)
        return f"rejected: {told}" if told else ""

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        kept = counts.get("particles", 0)
        return (
            f"{kept} of {kept + counts.get('rejected', 0)} particles in {counts.get('classes', 0)} two-dimensional "
            "classes were kept."
        )


def _chosen(tables: Mapping[str, Table], parameters: Any, decision: ClassChoice) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Classes that are kept, and the particles that are."""
    classes = tables["classes"].frame
    kept = _kept(classes, decision)
    check_something_kept(decision, _labels(classes), _labels(kept))
    return kept, members(tables["particles"], (kept["index"] + 1).to_list(), parameters.least_resemblance).frame


def _divided(tables: Mapping[str, Table], ids: pl.Series, classes: pl.DataFrame) -> dict[str, Table]:
    """The outputs: the particles with these ids, all others, and these classes."""
    particles = tables["particles"]
    accepted = particles.frame["id"].is_in(ids.implode())
    return {
        "particles": particles.with_frame(particles.frame.filter(accepted)),
        "rejected": particles.with_frame(particles.frame.filter(~accepted)),
        "classes": tables["classes"].with_frame(classes),
    }


def _kept(classes: pl.DataFrame, decision: ClassChoice) -> pl.DataFrame:
    """Those of the classes that a person keeps, and those proposed to be kept that nobody leaves out."""
    import polars as pl

    keep, leave_out = labels_in(decision.keep), labels_in(decision.leave_out)
    proposed = pl.col("proposed").fill_null(True) & ~pl.col("label").is_in(sorted(leave_out))
    return classes.filter(pl.col("label").is_in(sorted(keep)) | proposed)


def _labels(classes: pl.DataFrame) -> set[int]:
    return set(classes["label"].drop_nulls())
