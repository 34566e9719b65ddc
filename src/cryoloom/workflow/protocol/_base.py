"""What every protocol declares, whatever its shape."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import counted
from cryoloom.workflow.parameters import ProtocolParameters
from cryoloom.workflow.protocol._ports import InputPort, OutputPort, input_ports, output_ports

if TYPE_CHECKING:
    from cryoloom.data import Snapshot
    from cryoloom.workflow.lane import Capacity
    from cryoloom.workflow.protocol._prediction import Prediction


class Stage(StrEnum):
    """Where in the course of single-particle analysis a protocol belongs; lists are ordered by it."""

    IMPORT = "import"
    MOTION = "motion"
    CTF = "ctf"
    PICK = "pick"
    EXTRACT = "extract"
    CLASSES_2D = "2D classes"
    INITIAL_MODEL = "initial model"
    CLASSES_3D = "3D classes"
    REFINE = "refine"
    VALIDATE = "validate"
    SETS = "sets"
    EXPORT = "export"


class FileRole(StrEnum):
    """What may become of a file when space is needed."""

    RESULT = "result"
    REBUILDABLE = "rebuildable"
    SCRATCH = "scratch"


class Protocol:
    """A step of a workflow, declared once.

    Subclasses choose a shape (`SourceProtocol`, `MapProtocol`, `TableProtocol`, `WholeProtocol`, `DecideProtocol`) and
    declare, as class attributes:

    Attributes
    ----------
    id : short name, unique among all protocols; a plugin's begins with its name and a dot
    version : raised when the same parameters and inputs would give another result
    stage : where it belongs
    citations : what it implements, each as ``Authors (year), Journal volume:pages, doi:…`` or only a DOI
    Inputs, Outputs : classes whose attributes are annotated ``Input[…]`` and ``Output[…]``
    Parameters : a `ProtocolParameters` of fields made by `parameter`
    file_categories : folders below the run's ``files/`` and what may become of the files in each
    corrects : name of an input that the output of the same name puts right: what else reads that input's set is stale
    judges_inputs : its `cautions` are of what it reads, and are told with whatever else is made of that
    uses_gpu : it computes on a GPU; it is named where another protocol that does the same would take more than a day
    waits_for_closed_inputs : unless a run's options say otherwise, it begins when every input is closed
    """

    id: ClassVar[str] = ""
    version: ClassVar[int] = 1
    stage: ClassVar[Stage] = Stage.SETS
    citations: ClassVar[Sequence[str]] = ()
    file_categories: ClassVar[Mapping[str, FileRole]] = {}
    corrects: ClassVar[str] = ""
    judges_inputs: ClassVar[bool] = False
    uses_gpu: ClassVar[bool] = False
    waits_for_closed_inputs: ClassVar[bool] = False

    class Inputs:
        """No input."""

    class Outputs:
        """No output."""

    class Parameters(ProtocolParameters):
        """No parameter."""

    @classmethod
    def input_ports(cls) -> tuple[InputPort, ...]:
        """Declared inputs, the leading one first."""
        return input_ports(cls.Inputs)

    @classmethod
    def output_ports(cls) -> tuple[OutputPort, ...]:
        """Declared outputs."""
        return output_ports(cls.Outputs)

    @classmethod
    def title(cls) -> str:
        """What it does, in one line: the first of its docstring."""
        return (inspect.getdoc(cls) or cls.id).partition("\n")[0].rstrip(".")

    @classmethod
    def location(cls) -> str:
        """``module:Class``, from which a worker imports it."""
        return f"{cls.__module__}:{cls.__qualname__}"

    @classmethod
    def migrate(cls, version: int, parameters: dict[str, Any]) -> dict[str, Any]:
        """Translate parameters that were set for an older version of this protocol.

        Parameters
        ----------
        version : the version they were set for
        parameters : name → value
        """
        return parameters

    def check(self, parameters: Any) -> None:
        """Refuse parameters that do not go together.

        Raises
        ------
        ParameterError
            With a sentence that names them.
        """

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """What these items will take where they are worked on; None if it is too short to matter.

        Parameters
        ----------
        inputs : what is there now
        parameters : a validated instance of the protocol's own ``Parameters``
        capacity : of the lane
        """
        return None

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """One line on what came out, shown beside the state of a finished run; empty if numbers of items say it all.

        Parameters
        ----------
        outputs : name of an output → what it holds
        parameters : as they were used
        """
        return ""

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """One sentence for the methods section of a paper, of what was really run.

        Parameters
        ----------
        parameters : as they were used
        counts : name of an output → number of items in it
        """
        made = " and ".join(counted(count, name) for name, count in counts.items())
        return f"{self.title()} (cryoloom protocol {self.id} version {self.version}) gave {made}."

    def particulars(self, parameters: Any, outputs: Mapping[str, Snapshot[Any]]) -> str:
        """Further sentences for the methods section, told from what came out: sizes, doses, corrections as they were.

        Parameters
        ----------
        parameters : as they were used
        outputs : name of an output → what it holds
        """
        return ""

    def cautions(self, outputs: Mapping[str, Snapshot[Any]]) -> Sequence[str]:
        """What came out and an author should know before publishing, one sentence each.

        Parameters
        ----------
        outputs : name of an output → what it holds
        """
        return ()
