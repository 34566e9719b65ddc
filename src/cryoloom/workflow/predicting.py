"""What a run will take, told before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cryoloom.data import Snapshot, StoredSet
from cryoloom.workflow.protocol import Prediction, Protocol, WholeProtocol

if TYPE_CHECKING:
    from cryoloom.workflow.environment import Environment
    from cryoloom.workflow.lane import Capacity
    from cryoloom.workflow.project import Run

DAY = 24 * 3600.0


def predicted(run: Run) -> Prediction | None:
    """What a run will take on its lane, as far as its inputs are there.

    Returns
    -------
    None for a protocol that does not work on sets as a whole or cannot tell, and if an input has not begun
    """
    protocol = run.protocol()
    if not isinstance(protocol, WholeProtocol):
        return None
    environment = run.project.environment
    inputs: dict[str, Snapshot[Any]] = {}
    for name, reference in run.record.inputs.items():
        stored: StoredSet[Any] = StoredSet(run.project.folder.find_run(reference.run).outputs / reference.output)
        snapshot = stored.latest()
        if snapshot is None or not snapshot.count:
            return None
        inputs[name] = snapshot
    capacity = environment.lane(run.record.options.lane).capacity()
    told = protocol.predict(inputs, run.parameters, capacity)
    return None if told is None else _with_advice(told, protocol, environment, capacity)


def as_document(prediction: Prediction) -> Mapping[str, Any]:
    """For machines."""
    return {
        "seconds": round(prediction.seconds, 1),
        "memory": prediction.memory,
        "advice": list(prediction.advice),
    }


def _with_advice(told: Prediction, protocol: Protocol, environment: Environment, capacity: Capacity) -> Prediction:
    """What everybody would say of a prediction that does not fit the lane or takes days."""
    advice = list(told.advice)
    if told.memory > capacity.memory:
        advice.append(
            f"It needs {told.memory / 2**30:.1f} GB of memory, and there are {capacity.memory / 2**30:.1f} GB."
        )
    if told.seconds > DAY:
        others = [
            each.id for each in environment.protocols().values() if each.stage is protocol.stage and "." in each.id
        ]
        advice.append(
            f"It takes more than a day; {' and '.join(others)} can do the same, on a GPU if there is one."
            if others
            else "It takes more than a day, and no package that does the same on a GPU is installed."
        )
    return Prediction(told.seconds, told.memory, tuple(advice))
