"""The shapes of protocols; the drivers give each its streaming, parallelism, retries and resume."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Item, OpticsGroup
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import ProtocolParameters
from cryoloom.workflow.protocol._base import Protocol

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import Snapshot, Table
    from cryoloom.workflow.workspace import RoundWorkspace, SourceContext, Workspace


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that people should know of a run as a whole.

    Parameters
    ----------
    sentence : the same whenever it is about the same thing, which is then told once
    listing : what it is about where the rule was applied last; takes the place of what was listed before
    """

    sentence: str
    listing: str = ""


@dataclass(frozen=True, slots=True)
class FoundFailure:
    """Something a source saw and did not bring in.

    Parameters
    ----------
    id : 64-bit identity
    label : what a person calls it
    reason : one sentence
    left_out : it is as it should be, but not what is imported: nobody has to do anything about it
    """

    id: int
    label: str
    reason: str
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What one look of a source gave.

    Parameters
    ----------
    items : name of an output → new or changed items
    tables : the same for large sets, as frames
    withdrawn : name of an output → ids that are no longer valid
    optics_groups : those the items refer to
    failures : what could not be brought in
    recovered : ids of failures that no longer hold
    waiting : what was seen but is not complete yet
    exhausted : nothing more can come
    """

    items: Mapping[str, Sequence[Item]] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    withdrawn: Mapping[str, Sequence[int]] = field(default_factory=dict)
    optics_groups: Sequence[OpticsGroup] = ()
    failures: Sequence[FoundFailure] = ()
    recovered: Sequence[int] = ()
    waiting: int = 0
    exhausted: bool = False


class SourceProtocol(Protocol):
    """Brings items in from outside.

    The driver calls `look` again and again, commits what it found, and closes the outputs when nothing more can come or
    when a person closes the source.
    """

    poll_seconds: ClassVar[float] = 0.25

    @abstractmethod
    def look(self, parameters: Any, context: SourceContext) -> Found:
        """See what is new. Called on one instance for the whole attempt, so it may remember what it saw."""


MapResult = Item | Sequence[Item] | Mapping[str, Item | Sequence[Item]]


class MapProtocol(Protocol):
    """Turns one item of its leading input, with what belongs to it in the other inputs, into one item or more.

    Streaming, parallelism, retries, resume, failed items and the propagation of withdrawals are the framework's
    business.

    Attributes
    ----------
    prepares_from : number of items that `prepare` is given at most
    """

    prepares_from: ClassVar[int] = 8

    def preparation(self, item: Any, parameters: Any) -> str:
        """Name of what `prepare` must find out before this item, once for all items that name the same.

        The name of a gain reference, for instance, if it must be found out how it lies. Empty: nothing.
        """
        return ""

    def prepare(
        self, items: Sequence[Any], parameters: Any, workspace: Workspace, *, more_may_come: bool
    ) -> Mapping[str, Any] | None:
        """Find out, from the first items that name the same `preparation`, what holds for all of them.

        What is found is kept in the run for good and given to each of these items as ``workspace.prepared``, also after
        the run was interrupted: it must not depend on which of the items came first. They wait until then.

        Parameters
        ----------
        items : of the leading input, in the order in which they came
        parameters : a validated instance of the protocol's own ``Parameters``
        workspace : where files are found
        more_may_come : if these items do not tell, it is asked again when there are more

        Returns
        -------
        A JSON document. None if these items do not tell: then more are waited for, or, if no more may come, these are
        processed with nothing prepared.

        Raises
        ------
        InputError
            If a person has to help: the run asks for attention with this sentence, and the items wait.
        """
        raise NotImplementedError(f"{self.id} names a preparation, but does not say how to prepare.")

    def resources(self, item: Any, parameters: Any) -> Resources:
        """What one item needs: one core and half a GiB, unless the protocol knows better."""
        return Resources()

    def resources_given(self, item: Any, parameters: Any, counts: Mapping[str, int]) -> Resources:
        """What one item needs, given how many items of its grouped inputs come with it; if that matters.

        Parameters
        ----------
        item : of the leading input
        parameters : a validated instance of the protocol's own ``Parameters``
        counts : name of an input that is ``grouped_by`` the item → number of its items
        """
        return self.resources(item, parameters)

    @abstractmethod
    def process(self, *args: Any, **kwargs: Any) -> MapResult:
        """Process one item: ``process(self, item, /, parameters, workspace, **others)``.

        Parameters
        ----------
        item : of the leading input
        parameters : a validated instance of the protocol's own ``Parameters``
        workspace : `Workspace`, where files are found and written
        others : for each other connected input, by its name, the matching item (None where an optional input has none),
            or the list of items of an input declared with ``grouped_by`` or ``shared``

        Returns
        -------
        An item or a sequence of items of the only output, or a mapping from output names to these. A one-to-one step
        keeps the id.
        """


class TableProtocol(Protocol):
    """Makes new sets from whole tables by a rule that is cheap to apply again whenever an input changes.

    What is committed is the difference from what was there, so it streams.
    """

    @abstractmethod
    def transform(
        self, tables: Mapping[str, Table], parameters: Any, resolve: Callable[[str], Path]
    ) -> Mapping[str, Table]:
        """Apply the rule to the newest generation of every input.

        Parameters
        ----------
        tables : name of an input → its items; absent optional inputs are left out
        parameters : a validated instance of the protocol's own ``Parameters``
        resolve : gives the place of a file that a set names
        """


class DecideProtocol(Protocol):
    """Waits for a person's decision, and applies it to what has come and what comes later."""

    class Decision(ProtocolParameters):
        """What a person decides."""

    def first_decision(self, parameters: Any) -> Any | None:
        """The decision that holds until a person decides otherwise; None asks at once."""
        return None

    def check_decision(self, decision: Any, inputs: Mapping[str, Snapshot[Any]]) -> None:
        """Refuse, when a person decides, what could not be applied.

        Parameters
        ----------
        decision : what was decided
        inputs : name of an input → what the person could see of it; every input that is connected has items

        Raises
        ------
        ParameterError
            With a sentence that says what does not fit.
        """

    @abstractmethod
    def apply(self, tables: Mapping[str, Table], parameters: Any, decision: Any) -> Mapping[str, Table]:
        """Apply a decision to the newest generation of every input.

        Raises
        ------
        InputError
            If it cannot be applied to them: the run fails with this sentence, until somebody decides otherwise.
        """

    def members(self, tables: Mapping[str, Table], parameters: Any, decision: Any) -> pl.DataFrame | None:
        """The members that a decision chooses of the round that it is made on, to be kept with it.

        Asked by the driver, once for each decision that it applies: of the generations that the person was looking at,
        which stay until then, also if newer ones have come.

        Returns
        -------
        Ids in a column ``id``, beside them whatever `apply_to_members` needs. None if no members are to be kept, or if
        there are none to choose from yet.
        """
        return None

    def keeps_to_members(self, parameters: Any) -> bool:
        """Whether a decision holds for its members alone, and is not applied anew to newer rounds."""
        return False

    def apply_to_members(
        self, tables: Mapping[str, Table], parameters: Any, members: pl.DataFrame
    ) -> Mapping[str, Table]:
        """Choose exactly these members in the newest generation of every input; takes what `members` gave."""
        raise NotImplementedError(f"{self.id} keeps to the members of a decision, but does not say how to choose them.")

    def remarks(self, tables: Mapping[str, Table], parameters: Any, decision: Any) -> Sequence[Remark]:
        """What warns people of what a decision does not find where it is applied; none if all is well."""
        return ()


def chooses_members(protocol: type[DecideProtocol]) -> bool:
    """Whether a protocol says which members a decision chooses."""
    return protocol.members is not DecideProtocol.members


class WholeProtocol(Protocol):
    """Needs its inputs as a whole; works in rounds, each on pinned generations and with one complete result.

    Attributes
    ----------
    shows_history : it is given, as ``workspace.history``, the methods text, citations and remarks of all that its
        inputs were made by
    gpu_programs : programs of other packages that do the same on a GPU → the package; where one is installed, it is
        named if the protocol would take more than a day
    """

    shows_history: ClassVar[bool] = False
    gpu_programs: ClassVar[Mapping[str, str]] = {}

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """What a round over these items needs; threads beyond those of the lane are not taken."""
        return Resources()

    def sample_size(self, parameters: Any) -> int | None:
        """How many items of the leading input are enough; None: every item counts.

        One round is computed, when so many are there or no more come, and it is the last.
        """
        return None

    @abstractmethod
    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Compute one round; `RoundWorkspace` keeps checkpoints from which an interrupted round continues."""
