"""What a run will take, told before it starts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cryoloom.data import Snapshot, StoredSet
from cryoloom.workflow.durations import duration
from cryoloom.workflow.protocol import Prediction, Protocol, WholeProtocol

if TYPE_CHECKING:
    from cryoloom.workflow.environment import Environment
    from cryoloom.workflow.lane import Capacity
    from cryoloom.workflow.project import Run
    from cryoloom.workflow.run import RunFolder

DAY = 24 * 3600.0


def predicted(run: Run) -> Prediction | None:
    """What a run will take on its lane, as far as its inputs are there.

    Returns
    -------
    None for a protocol that is quick or cannot tell, and if an input has not begun
    """
    protocol = run.protocol()
    inputs: dict[str, Snapshot[Any]] = {}
    for name, reference in run.record.inputs.items():
        stored: StoredSet[Any] = StoredSet(run.project.folder.find_run(reference.run).outputs / reference.output)
        snapshot = stored.latest()
        if snapshot is None:
            return None
        inputs[name] = snapshot
    capacity = run.project.environment.lane(run.record.options.lane).capacity()
    return predicted_of(protocol, inputs, run.parameters, run.project.environment, capacity)


def told_at_begin(folder: RunFolder) -> Prediction | None:
    """What the driver of a run said, when its newest round began, that it would take; None if it said nothing."""
    from cryoloom.workflow.driver import read_events

    for number in reversed(folder.attempt_numbers()):
        events = read_events(folder.attempt(number).events_file)
        told = [event for event in events if event.get("event") == "prediction"]
        if told:
            return Prediction(told[-1]["seconds"], told[-1]["memory"], tuple(told[-1]["advice"]))
    return None


def predicted_of(
    protocol: Protocol,
    inputs: Mapping[str, Snapshot[Any]],
    parameters: Any,
    environment: Environment,
    capacity: Capacity,
) -> Prediction | None:
    """What work on some inputs will take, with all advice.

    Parameters
    ----------
    protocol : that does it
    inputs : name of an input → what is worked on
    parameters : of the run
    environment : that knows what else is installed
    capacity : of the lane

    Returns
    -------
    None for a protocol that is quick or cannot tell, and if an input is empty
    """
    if type(protocol).predict is Protocol.predict or not all(snapshot.count for snapshot in inputs.values()):
        return None
    told = protocol.predict(inputs, parameters, capacity)
    return None if told is None else _with_advice(told, protocol, environment, capacity)


def in_words(prediction: Prediction) -> str:
    """Time and memory in one sentence; the advice is sentences already."""
    return f"It will take about {duration(prediction.seconds)} and {prediction.memory / 2**30:.1f} GB of memory."


def as_document(prediction: Prediction) -> Mapping[str, Any]:
    """For machines."""
    return {
        "seconds": round(prediction.seconds, 1),
        "memory": prediction.memory,
        "advice": list(prediction.advice),
    }


def advice_on(
    seconds: float,
    memory: int,
    protocol: type[Protocol],
    environment: Environment,
    capacity: Capacity,
    own: Sequence[str] = (),
) -> list[str]:
    """What everybody would say of something that does not fit the lane or takes days, one sentence each.

    Parameters
    ----------
    seconds : that it will take
    memory : at its peak, in bytes
    protocol : that does it
    environment : that knows what else is installed
    capacity : of the lane
    own : what the protocol itself has to say; it comes between
    """
    advice = []
    if memory > capacity.memory:
        advice.append(f"It needs {memory / 2**30:.1f} GB of memory, and there are {capacity.memory / 2**30:.1f} GB.")
    advice += own
    if seconds > DAY:
        advice.append(f"It takes more than a day, {_quicker(protocol, environment)}.")
    return advice


def _quicker(protocol: type[Protocol], environment: Environment) -> str:
    """Which installed package does the same on a GPU."""
    makes = {port.kind for port in protocol.output_ports()[:1]}
    others = [
        each.id
        for each in environment.protocols().values()
        if each is not protocol
        and each.uses_gpu
        and each.stage is protocol.stage
        and makes <= {port.kind for port in each.output_ports()}
    ]
    if others:
        return f"and {' or '.join(others)} can do the same on a GPU"
    programs = protocol.gpu_programs if issubclass(protocol, WholeProtocol) else {}
    for program, package in programs.items():
        if shutil.which(program):
            return (
                f"and {package} is installed here ({program}), which does the same on a GPU if it was built for one; "
                "export the particles for it"
            )
    known = f" ({', '.join(sorted(set(programs.values())))} would)" if programs else ""
    return f"and no package that does the same on a GPU is installed{known}"


def _with_advice(told: Prediction, protocol: Protocol, environment: Environment, capacity: Capacity) -> Prediction:
    advice = advice_on(told.seconds, told.memory, type(protocol), environment, capacity, told.advice)
    return Prediction(told.seconds, told.memory, tuple(advice))
