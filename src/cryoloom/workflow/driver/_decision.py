"""The decision that holds, and what it chose of the round that it was made on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from cryoloom.errors import NotFoundError, ParameterError
from cryoloom.workflow.driver._attempt import Attempt
from cryoloom.workflow.driver._inputs import FollowedInput, generations_of
from cryoloom.workflow.parameters import validated
from cryoloom.workflow.protocol import DecideProtocol
from cryoloom.workflow.run import FIRST, ChosenMembers, RequestKind

if TYPE_CHECKING:
    from cryoloom.data import Table


@dataclass(frozen=True, slots=True)
class HoldingDecision:
    """What a person decided last, or what holds until somebody decides.

    Parameters
    ----------
    name : ULID of the request by which a person decided, or `FIRST`
    content : an instance of the protocol's own ``Decision``
    pinned : name of an input → its set, relative to the project, and the generation that the person was looking at, if
        members are to be chosen of these
    """

    name: str
    content: Any
    pinned: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, attempt: Attempt) -> Self | None:
        """The decision that holds in a run; None if its protocol asks for none, or a person is to be asked first."""
        protocol = attempt.protocol
        if not isinstance(protocol, DecideProtocol):
            return None
        for request in reversed(attempt.all_requests(RequestKind.DECIDE)):
            try:
                content = validated(protocol.Decision, request.decision or {})
            except ParameterError as error:
                who = request.actor or "somebody"
                attempt.log(f"The decision of {who} at {request.at} is ignored: {error}")
            else:
                return cls(request.ulid, content, request.pinned())
        first = protocol.first_decision(attempt.parameters)
        return None if first is None else cls(FIRST, first)


def choose_members(
    attempt: Attempt,
    protocol: DecideProtocol,
    decision: HoldingDecision,
    inputs: Sequence[FollowedInput],
    tables: Mapping[str, Table],
) -> ChosenMembers | None:
    """The members that a decision chose of the round that it was made on; they are kept at the first time.

    Parameters
    ----------
    attempt : of the run
    protocol, decision : that hold
    inputs : the connected inputs
    tables : name of an input → the generation of it that was read last; members are chosen of these if the person was
        looking at nothing

    Returns
    -------
    None if none are kept.
    """
    chosen = ChosenMembers(attempt.folder, decision.name)
    if chosen.exist():
        return chosen
    generations = generations_of(inputs)
    if decision.pinned:
        try:
            tables = _tables_seen(attempt, decision.pinned, inputs, tables)
            generations = {name: generation for name, (_, generation) in decision.pinned.items()}
        except NotFoundError as error:
            attempt.log(str(error))
            attempt.remark(
                "What the person who decided was looking at is not there any more; the members of the decision are "
                "chosen of what was there when it was first applied."
            )
    members = protocol.members(tables, attempt.parameters, decision.content)
    if members is None:
        return None
    chosen.keep(members)
    attempt.event("members", decision=decision.name, generations=generations, count=len(members))
    return chosen


def _tables_seen(
    attempt: Attempt,
    pinned: Mapping[str, tuple[str, int]],
    inputs: Sequence[FollowedInput],
    tables: Mapping[str, Table],
) -> dict[str, Table]:
    """Name of an input → the generation of it that is pinned; what was read already is not read again.

    Raises
    ------
    NotFoundError
        If it is not there any more, or the input is another set now.
    """
    seen = {}
    for followed in inputs:
        name = followed.port.name
        folder, generation = pinned.get(name, ("", 0))
        if followed.stored.folder != attempt.project / folder:
            raise NotFoundError(f"Input {name} was another set when a person decided.", path=followed.stored.folder)
        newest = followed.snapshot is not None and followed.snapshot.generation == generation
        seen[name] = tables[name] if newest else followed.stored.at(generation).declared_table()
    return seen
