"""Where runs stand, as a table that fits the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from cryoloom.workflow.run import RunState

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_STYLES = {
    RunState.RUNNING: "cyan",
    RunState.WAITING: "blue",
    RunState.NEEDS_YOU: "magenta",
    RunState.ATTENTION: "yellow",
    RunState.FINISHED: "green",
    RunState.FAILED: "red",
    RunState.INTERRUPTED: "red",
}
_SIGNS = {
    RunState.DRAFT: "·",
    RunState.QUEUED: "…",
    RunState.RUNNING: "▶",
    RunState.WAITING: "⏸",
    RunState.NEEDS_YOU: "?",
    RunState.ATTENTION: "!",
    RunState.FINISHED: "✓",
    RunState.FAILED: "✗",
    RunState.STOPPED: "■",
    RunState.INTERRUPTED: "✗",
}
_HEADINGS = ("run", "protocol", "state", "done", "failed", "rate", "left")
_LEFT = {"protocol", "state"}
_ALWAYS = {"run", "protocol", "state", "done", "failed"}
_LONGEST_NAME = 24
_INDENT = 5


@dataclass(frozen=True, slots=True)
class RunLine:
    """What the table says of one run.

    Parameters
    ----------
    number, name : of the run
    state : None if its records cannot be read
    done : how many items or rounds, and of how many
    failed : items
    rate, left : in words; empty if not known
    made : what it has made, and what it says of that
    notes : what a person should know beside
    """

    number: int
    name: str
    state: RunState | None
    done: str
    failed: int
    rate: str
    left: str
    made: str
    notes: Sequence[str]

    def cells(self) -> list[Text]:
        """The line without what was made."""
        name = self.name if len(self.name) <= _LONGEST_NAME else f"{self.name[: _LONGEST_NAME - 1]}…"
        failed = Text(str(self.failed), "yellow" if self.failed else "")
        plain = (str(self.number), name, self.done, self.rate, self.left)
        number, name_text, done, rate, left = map(Text, plain)
        return [number, name_text, _told(self.state), done, failed, rate, left]

    def rest(self) -> Text:
        """What was made, and the notes."""
        notes = Text(", ".join(self.notes), "yellow")
        return Text("; ").join([one for one in (Text(self.made), notes) if one.plain])


@dataclass(frozen=True, slots=True)
class RunTable:
    """Runs, a line each; what each has made stands at its end, or below it if it does not fit there."""

    lines: Sequence[RunLine]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines, as wide as there is room."""
        rows = [line.cells() for line in self.lines]
        shown = [
            index
            for index, heading in enumerate(_HEADINGS)
            if heading in _ALWAYS or any(row[index].plain for row in rows)
        ]
        widths = {index: max(len(_HEADINGS[index]), *(row[index].cell_len for row in rows), 0) for index in shown}
        heading = [_fitted(Text(_HEADINGS[index]), _HEADINGS[index], widths[index]) for index in shown]
        heads = Text("  ").join([*heading, Text("made")])
        heads.stylize("dim")
        yield heads
        for line, row in zip(self.lines, rows, strict=True):
            cells = Text("  ").join(_fitted(row[index], _HEADINGS[index], widths[index]) for index in shown)
            rest = line.rest()
            if cells.cell_len + 2 + rest.cell_len <= options.max_width:
                yield Text("  ").join([cells, rest])
            else:
                yield cells
                yield Padding(rest, (0, 0, 0, _INDENT))


def _fitted(text: Text, heading: str, width: int) -> Text:
    padded = text.copy()
    (padded.pad_right if heading in _LEFT else padded.pad_left)(width - text.cell_len)
    return padded


def _told(state: RunState | None) -> Text:
    if state is None:
        return Text("✗ cannot be read", "red")
    return Text(f"{_SIGNS[state]} {state.value}", _STYLES.get(state, ""))
