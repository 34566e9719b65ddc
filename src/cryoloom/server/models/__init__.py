"""What requests and answers hold: the contract at ``/openapi.json``, from which the web app's types are made."""

from cryoloom.server.models._classes import (
    ChoiceDocument,
    ClassDocument,
    ClassWall,
    NewDecision,
    NextStep,
    SuggestedValue,
)
from cryoloom.server.models._curves import (
    AxisDocument,
    Curve,
    CurvesDocument,
    LineDocument,
    MarkDocument,
    ViewsDocument,
)
from cryoloom.server.models._machine import Disk, MachineDocument, Person, Program
from cryoloom.server.models._maps import Chart, LevelDocument, LocalRange, MapEntry, MapFile, VolumeDocument, WhichMap
from cryoloom.server.models._problem import ProblemDocument
from cryoloom.server.models._projects import NewProject, ProjectSummary, UnreadableProject
from cryoloom.server.models._protocols import ParameterDocument, PortDocument, ProtocolDocument, ProtocolSummary
from cryoloom.server.models._runs import (
    Annotation,
    DraftChange,
    FailedItemDocument,
    InputDocument,
    LogTail,
    NewRun,
    OutputDocument,
    PredictionDocument,
    ProgressDocument,
    RunDetail,
    RunList,
    RunSummary,
    WarningDocument,
)
from cryoloom.server.models._sets import ColumnDocument, RowPage

__all__ = [
    "Annotation",
    "AxisDocument",
    "Chart",
    "ChoiceDocument",
    "ClassDocument",
    "ClassWall",
    "ColumnDocument",
    "Curve",
    "CurvesDocument",
    "Disk",
    "DraftChange",
    "FailedItemDocument",
    "InputDocument",
    "LevelDocument",
    "LineDocument",
    "LocalRange",
    "LogTail",
    "MachineDocument",
    "MapEntry",
    "MapFile",
    "MarkDocument",
    "NewDecision",
    "NewProject",
    "NewRun",
    "NextStep",
    "OutputDocument",
    "ParameterDocument",
    "Person",
    "PortDocument",
    "PredictionDocument",
    "ProblemDocument",
    "Program",
    "ProgressDocument",
    "ProjectSummary",
    "ProtocolDocument",
    "ProtocolSummary",
    "RowPage",
    "RunDetail",
    "RunList",
    "RunSummary",
    "SuggestedValue",
    "UnreadableProject",
    "ViewsDocument",
    "VolumeDocument",
    "WarningDocument",
    "WhichMap",
]
