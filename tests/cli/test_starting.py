"""Several drivers load at the same time, but not hundreds."""

from collections.abc import Callable

from cryoloom.cli.running import STARTED_AT_ONCE, _launch


class Recorded:
    """A run that writes down when it is launched and waited for."""

    def __init__(self, number: int, events: list[str]) -> None:
        self.number, self.events = number, events

    def launch(self) -> Callable[[], None]:
        self.events.append(f"launch {self.number}")
        return lambda: self.events.append(f"begun {self.number}")


def test_runs_are_launched_before_the_first_is_waited_for_some_at_a_time() -> None:
    events: list[str] = []
    count = STARTED_AT_ONCE + 2
    _launch([Recorded(number, events) for number in range(count)], wait=False)  # type: ignore[misc]
    first = [f"{what} {number}" for what in ("launch", "begun") for number in range(STARTED_AT_ONCE)]
    rest = [f"{what} {number}" for what in ("launch", "begun") for number in range(STARTED_AT_ONCE, count)]
    assert events == first + rest
