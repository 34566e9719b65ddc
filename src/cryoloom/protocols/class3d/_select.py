"""Choose among 3D classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cryoloom.data import Class3D, Particle
from cryoloom.errors import ParameterError
from cryoloom.protocols.class_choice import ClassChoice, check_choice, check_something_kept, labels_in, not_found
from cryoloom.workflow.parameters import Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import DecideProtocol, Input, Output, Remark, Stage, input_set, output_set

if TYPE_CHECKING:
    from cryoloom.data import Snapshot, Table


class SelectClasses3D(DecideProtocol):
    """Go on with the particles of one 3D class, or of several.

    Which ones is told beforehand, or waits for a person; without any that are named to be kept, all are that are not
    left out.
    """

    id = "select-classes-3d"
    stage = Stage.CLASSES_3D

    class Inputs:
        """Both outputs of a 3D classification."""

        classes: Input[Class3D] = input_set("maps with the share of the particles of each")
        particles: Input[Particle] = input_set("their members")

    class Outputs:
        """Particles and classes that are kept, and the other particles."""

        particles: Output[Particle] = output_set("particles that are kept", same_as="particles")
        rejected: Output[Particle] = output_set("the other particles", same_as="particles")
        classes: Output[Class3D] = output_set("classes that are kept", same_as="classes")

    class Parameters(ProtocolParameters):
        """What holds until somebody decides."""

        keep: str = parameter(
            "", label="Keep", help="Numbers of classes, such as 1, 3-4; without them, a person is waited for."
        )
        least_probability: float = parameter(
            0.5,
            label="Least probability",
            help="Particles that belong to their class less surely are left out; 0 keeps all members.",
            level=Level.ADVANCED,
            ge=0.0,
            le=1.0,
        )

    class Decision(ClassChoice):
        """What a person decides."""

    def check(self, parameters: Any) -> None:
        """Refuse what is no list of numbers."""
        try:
            labels_in(parameters.keep)
        except ValueError as error:
            raise ParameterError(f"keep: {error}") from error

    def first_decision(self, parameters: Any) -> Any | None:
        """The classes that were named beforehand, if any were."""
        return self.Decision(keep=parameters.keep) if parameters.keep.strip() else None

    def check_decision(self, decision: Any, inputs: Mapping[str, Snapshot[Any]]) -> None:
        """Refuse numbers none of which is there, and to leave all classes out."""
        there = _numbers(inputs["classes"].declared_table())
        check_choice(decision, there, _kept(there, decision))

    def apply(self, tables: Mapping[str, Table], parameters: Any, decision: Any) -> Mapping[str, Table]:
        """Take the classes that are to be kept, or all but those that are to be left out."""
        import polars as pl

        there = _numbers(tables["classes"])
        kept = _kept(there, decision)
        check_something_kept(decision, there, kept)
        wanted = pl.col("class_number").is_in(sorted(kept))
        sure = pl.col("score").fill_null(1.0) >= parameters.least_probability
        classes, particles = tables["classes"], tables["particles"]
        chosen = (wanted & sure).fill_null(False)
        return {
            "particles": particles.with_frame(particles.frame.filter(chosen)),
            "rejected": particles.with_frame(particles.frame.filter(~chosen)),
            "classes": classes.with_frame(classes.frame.filter(wanted.fill_null(False))),
        }

    def remarks(self, tables: Mapping[str, Table], parameters: Any, decision: Any) -> Sequence[Remark]:
        """Numbers that are not those of classes."""
        return not_found(decision, _numbers(tables["classes"]))

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        kept = counts.get("particles", 0)
        return (
            f"{kept} of {kept + counts.get('rejected', 0)} particles in {counts.get('classes', 0)} three-dimensional "
            "classes were kept."
        )


def _numbers(classes: Table) -> set[int]:
    return set(classes.frame["class_number"].drop_nulls())


def _kept(there: set[int], decision: ClassChoice) -> set[int]:
    """Those of the classes that a person keeps, or without any, all that nobody leaves out."""
    keep, leave_out = labels_in(decision.keep), labels_in(decision.leave_out)
    return ((there & keep) if keep else there) - leave_out
