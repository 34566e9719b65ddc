"""Write the reference pages from the declarations themselves.

``python docs/generate.py`` rewrites ``docs/reference/``; ``--check`` only says whether the pages are up to date.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).parent / "reference"


def protocol_pages() -> str:
    """Every protocol: inputs, outputs, parameters."""
    from cryoloom.runtime import InstalledEnvironment
    from cryoloom.workflow.protocol import declaration_of

    lines = ["# Protocols", "", "Generated from their declarations; `cryoloom protocols ID` shows the same.", ""]
    for protocol in InstalledEnvironment().protocols().values():
        declared = declaration_of(protocol)
        lines += [f"## {declared['id']}", "", f"*{declared['stage']}, version {declared['version']}*", ""]
        lines += [declared["description"], ""]
        for heading in ("inputs", "outputs"):
            if declared[heading]:
                lines += [f"**{heading.capitalize()}**", ""]
                lines += [f"- `{port['name']}` ({_kind(port)}): {port['help']}" for port in declared[heading]]
                lines.append("")
        if declared["parameters"]:
            lines += ["| parameter | default | unit | meaning |", "|---|---|---|---|"]
            lines += [_parameter_row(parameter) for parameter in declared["parameters"]]
            lines.append("")
        if declared["citations"]:
            lines += ["Cite " + "; ".join(declared["citations"]) + ".", ""]
    return "\n".join(lines)


def column_pages() -> str:
    """Every kind of item, with the unit and meaning of each column."""
    import cryoloom.data
    import cryoloom.workflow.driver._items  # noqa: F401  # both declare kinds
    from cryoloom.data import item_kind, item_kinds

    lines = ["# Columns of sets", "", "Generated from the declarations of items.", ""]
    for name in item_kinds():
        if item_kind(name).__module__.startswith("cryoloom.testing"):
            continue
        lines += [f"## {name}", "", (inspect.getdoc(item_kind(name)) or "").partition("\n\n")[0], ""]
        lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
        lines += [f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning} |" for c in item_kind(name).schema()]
        lines.append("")
    return "\n".join(lines)


def command_pages() -> str:
    """Every command with its arguments and options."""
    from collections.abc import Mapping

    from cryoloom.cli.main import COMMANDS, command_of

    lines = ["# Commands", "", "Generated from the commands themselves; `cryoloom COMMAND --help` shows the same.", ""]

    def describe(prefix: str, commands: Mapping[str, Any]) -> None:
        for name, target in commands.items():
            if isinstance(target, Mapping):
                describe(f"{prefix} {name}", target)
                continue
            command = command_of(name, target)
            lines.extend([f"## {prefix} {name}", "", *_as_paragraphs(inspect.cleandoc(command.help)), ""])
            for parameter in command.params:
                if parameter.name == "help":
                    continue
                names = (
                    ", ".join(f"`{option}`" for option in parameter.opts)
                    if parameter.param_type_name == "option"
                    else f"`{parameter.name}`"
                )
                lines.append(f"- {names}: {getattr(parameter, 'help', '') or ''}{_default_of(parameter)}")
            lines.append("")

    describe("cryoloom", COMMANDS)
    return "\n".join(lines)


def _default_of(parameter: Any) -> str:
    """What holds if an option is not given, as its help says it."""
    if parameter.required:
        return " *required*" if parameter.param_type_name == "option" else ""
    if parameter.default is None or isinstance(parameter.default, bool) or parameter.default in ("", [], ()):
        return ""
    values = parameter.default if isinstance(parameter.default, list | tuple) else [parameter.default]
    return f" *default: {', '.join(str(getattr(value, 'value', value)) for value in values)}*"


def _as_paragraphs(text: str) -> list[str]:
    return [f"    {line[9:]}" if line.startswith("Example: ") else line for line in text.splitlines()]


def _kind(port: dict[str, Any]) -> str:
    return f"{port['kind']}, optional" if port.get("optional") else str(port["kind"])


def _parameter_row(parameter: dict[str, Any]) -> str:
    default = "required" if parameter["required"] else _shown(parameter["default"])
    meaning = f"{parameter['label']}. {parameter['help']}".strip()
    return f"| `{parameter['name']}` | {default} | {parameter['unit']} | {meaning.replace('|', chr(92) + '|')} |"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)


PAGES = {"protocols.md": protocol_pages, "columns.md": column_pages, "commands.md": command_pages}


def main() -> int:
    """Write the pages, or check them."""
    stale = []
    for name, make in PAGES.items():
        page = make().rstrip() + "\n"
        path = REFERENCE / name
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            stale.append(name)
            if "--check" not in sys.argv:
                path.parent.mkdir(exist_ok=True)
                path.write_text(page, encoding="utf-8")
    if "--check" in sys.argv and stale:
        sys.stderr.write(f"Out of date: {', '.join(stale)}; run python docs/generate.py.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
