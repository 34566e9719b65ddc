"""Small protocols of every shape, a lane without processes and an environment, to test drivers and plugins with."""

from cryoloom.testing.workflow._environment import SmallEnvironment, SmallProject
from cryoloom.testing.workflow._lane import InlineLane
from cryoloom.testing.workflow._protocols import (
    Batch,
    Choose,
    ChooseMembers,
    Describe,
    IteratedMean,
    Keep,
    Number,
    NumbersInFolder,
    Offset,
    Split,
    Square,
)

__all__ = [
    "Batch",
    "Choose",
    "ChooseMembers",
    "Describe",
    "InlineLane",
    "IteratedMean",
    "Keep",
    "Number",
    "NumbersInFolder",
    "Offset",
    "SmallEnvironment",
    "SmallProject",
    "Split",
    "Square",
]
