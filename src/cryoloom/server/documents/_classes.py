"""The classes of a round, as a person chooses among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.data import Item, Snapshot
from cryoloom.errors import NotFoundError
from cryoloom.protocols.class2d import SelectClasses
from cryoloom.protocols.class_choice import labels_in
from cryoloom.server._upstream import input_of
from cryoloom.server.models import ChoiceDocument, ClassDocument, ClassWall, InputDocument
from cryoloom.workflow.read_only import why_read_only

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.workflow.project import Output, Run


def class_wall(run: Run) -> ClassWall:
    """Classes that a run chooses among, or has made.

    Raises
    ------
    NotFoundError
        If it has to do with no 2D classes, or none have come yet.
    """
    chooses = issubclass(run.protocol, SelectClasses)
    classes, particles = _inputs(run) if chooses else _outputs(run)
    snapshot = classes.latest()
    members = None if particles is None or not len(particles) else particles.latest()
    least = run.record.parameters["least_resemblance"] if chooses else 0.0
    source, kept = classes.run, _members_by_class(members, least)
    generations = {"classes": snapshot, "particles": members}
    return ClassWall(
        source=_link(classes),
        members=None if particles is None else _link(particles),
        source_number=source.number,
        closed=snapshot.closed,
        generation=snapshot.generation,
        generations={name: one.generation for name, one in generations.items() if one is not None},
        particle_count=0 if members is None else members.count,
        classes=_class_documents(snapshot, kept),
        choice=_choice(run) if chooses else None,
        waits=chooses and bool(run.record.parameters["wait"]),
        follows=not chooses or run.record.parameters["newer_rounds"] == "follow",
        only_shown=_only_shown(run, chooses=chooses),
    )


def _inputs(run: Run) -> tuple[Output, Output | None]:
    classes = input_of(run, "classes")
    if classes is None:
        raise NotFoundError(f"The run that made the classes of run {run.number} was removed; bring it back first.")
    return classes, input_of(run, "particles")


def _outputs(run: Run) -> tuple[Output, Output | None]:
    by_kind = {output.kind: output for output in reversed(list(run.outputs.values()))}
    if "classes2d" not in by_kind:
        raise NotFoundError(f"Run {run.number} ({run.record.protocol}) has to do with no 2D classes.")
    return by_kind["classes2d"], by_kind.get("particles")


def _class_documents(snapshot: Snapshot[Item], kept: dict[int, int] | None) -> list[ClassDocument]:
    rows = snapshot.declared_table().frame
    return [
        ClassDocument(
            id=f"{row['id']:016x}",
            place=place,
            label=row["label"],
            class_number=row["index"] + 1,
            particle_count=row["particle_count"],
            kept_count=row["particle_count"] if kept is None else kept.get(row["index"] + 1, 0),
            resolution=row["resolution"],
            evenness=row["evenness"],
            merit=row["score"],
            proposed=row["proposed"] is not False,
            reason=row["reason"],
        )
        for place, row in enumerate(rows.iter_rows(named=True))
    ]


def _members_by_class(particles: Snapshot[Item] | None, least_resemblance: float) -> dict[int, int] | None:
    """Number of a class in its stack, from 1 → members that resemble its average so much; None if it is not known."""
    import polars as pl

    if particles is None or "class_number" not in particles.columns:
        return None
    rows: pl.LazyFrame = particles.scan()
    if least_resemblance > 0 and "score" in particles.columns:
        rows = rows.filter(pl.col("score") >= least_resemblance)
    counted = rows.group_by("class_number").len().collect()
    return dict(counted.drop_nulls().iter_rows())


def _choice(run: Run) -> ChoiceDocument | None:
    request = run.last_decision()
    if request is None:
        return None
    decision = request.decision or {}
    return ChoiceDocument(
        id=request.ulid,
        keep=sorted(labels_in(str(decision.get("keep", "")))),
        leave_out=sorted(labels_in(str(decision.get("leave_out", "")))),
        by=request.actor,
        at=request.at,
    )


def _only_shown(run: Run, *, chooses: bool) -> str:
    if not chooses:
        return "These are shown only; a run of Select classes keeps some of them."
    return why_read_only(run.folder, run.project.environment)


def _link(output: Output) -> InputDocument:
    return InputDocument(run=output.run.ulid, output=output.name)
