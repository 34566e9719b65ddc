"""What a survey of a project says, for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cryoloom.server.models import StorageCategory, StorageMeasure, StorageShare, TrashedDocument
from cryoloom.server.storage._words import TABLES, meaning_of, words_of
from cryoloom.workflow.cleaning import TRASH, Share, Survey, TrashedRun
from cryoloom.workflow.durations import duration
from cryoloom.workflow.protocol import FileRole
from cryoloom.workflow.run import now

_RESULT = "it is a result"
_SHARES = 200  # of a category that are listed


def measure_of(survey: Survey, trashed: Sequence[TrashedRun]) -> StorageMeasure:
    """A survey by category, the largest first.

    Parameters
    ----------
    survey : of the project
    trashed : the runs in its trash
    """
    plan, digests = survey.plan, survey.plan.digests()
    shares: dict[str, list[tuple[Share, bool]]] = {TRASH: []}
    for share, goes in [*((one, True) for one in plan.goes), *((one, False) for one in plan.stays)]:
        if share.category:
            shares.setdefault(share.category, []).append((share, goes))
    made = {name: _category(name, found, survey, digests.get(name, "")) for name, found in shares.items()}
    trash = made.pop(TRASH)
    categories = [*made.values(), _tables(survey, made)]
    sizes = {share.run: share.bytes for share, _ in shares[TRASH]}
    return StorageMeasure(
        at=now(),
        bytes=sum(survey.sizes.values()) + trash.bytes,
        frees=sum(category.frees for category in made.values()),
        categories=sorted((one for one in categories if one.bytes), key=lambda one: -one.bytes),
        trash=trash,
        trashed=[_trashed(run, sizes.get(run.ulid, 0)) for run in trashed],
        raw_movies=survey.raw.movies,
        raw_bytes=survey.raw.bytes,
    )


def _category(name: str, found: Sequence[tuple[Share, bool]], survey: Survey, digest: str) -> StorageCategory:
    goes = [share for share, goes in found if goes]
    documents = [_share(share, survey, goes=goes) for share, goes in found]
    largest = sorted(documents, key=lambda share: -share.bytes)
    return StorageCategory(
        name=name,
        words=words_of(name),
        meaning=meaning_of(name),
        bytes=sum(share.bytes for share, _ in found),
        files=sum(share.files for share, _ in found),
        frees=sum(share.bytes for share in goes),
        frees_files=sum(share.files for share in goes),
        cost=_cost(name, [one for one in documents if one.goes]),
        digest=digest,
        shares=largest[:_SHARES],
        shares_left_out=max(0, len(largest) - _SHARES),
    )


def _share(share: Share, survey: Survey, *, goes: bool) -> StorageShare:
    rebuilt = share.role == FileRole.REBUILDABLE and share.category not in {"iterations", TRASH}
    return StorageShare(
        run=share.run,
        number=share.number,
        title=survey.titles.get(share.run, f"run {share.number}"),
        path=share.path,
        files=share.files,
        bytes=share.bytes,
        goes=goes,
        why=_RESULT if not goes and share.why.startswith(f"{FileRole.RESULT}:") else share.why,
        exported_in=list(share.exported_in),
        seconds_again=survey.seconds.get(share.run) if rebuilt else None,
    )


def _cost(name: str, going: Sequence[StorageShare]) -> str:
    """What it costs to have again what goes."""
    if not going:
        return ""
    if name == TRASH:
        return "Removed runs are gone for good."
    if name == "iterations":
        return "These rounds are computed; to go on from one of them, its run would begin anew."
    seconds = {share.run: share.seconds_again for share in going if share.seconds_again is not None}
    if not seconds:
        return "Nothing needs them."
    took = sum(seconds.values())
    runs = "their run" if len(seconds) == 1 else f"{len(seconds)} runs"
    computing = f"took {duration(took)} of computing" if took >= 1 else "took next to no computing"
    return f"They can be made again from what {runs} read, which {computing}."


def _tables(survey: Survey, made: Mapping[str, StorageCategory]) -> StorageCategory:
    """What of the runs is of no category."""
    return StorageCategory(
        name=TABLES,
        words=words_of(TABLES),
        meaning=meaning_of(TABLES),
        bytes=max(0, sum(survey.sizes.values()) - sum(category.bytes for category in made.values())),
        files=0,
        frees=0,
        frees_files=0,
        cost="",
        digest="",
        shares=[],
        shares_left_out=0,
    )


def _trashed(run: TrashedRun, size: int) -> TrashedDocument:
    return TrashedDocument(
        run=run.ulid,
        number=run.number,
        protocol=run.protocol,
        label=run.label,
        removed=run.removed,
        actor=run.actor,
        bytes=size,
    )
