"""What a workflow file says: runs that feed each other, with variables for what differs from use to use."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from cryoloom.errors import FormatError

FORMAT = "cryoloom-workflow"
FORMAT_VERSION = 1

_MOST_RUNS = 2000
_MOST_VARIABLES = 1000

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
"""A letter, then letters, digits, ``_`` and ``-``: what can stand in ``${…}`` and before the dot of ``name.output``."""

VariableType = Literal["text", "path", "number", "integer", "boolean", "choice", "list", "input"]


class _Part(BaseModel):
    """A part of the document; fields of newer versions are kept."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class Variable(_Part):
    """Something that is given when the workflow is used."""

    type: VariableType = "text"
    label: str = ""
    help: str = ""
    unit: str = ""
    default: Any = None
    required: bool = Field(False, description="without a default, it must be given")
    example: Any = Field(None, description="a value that it had; nothing is ever set to it")
    choices: list[str | int | float] = Field(default_factory=list)
    kind: str = Field("", description="of an input: kind of its items")


class RunTemplate(_Part):
    """One run: its protocol, with parameters that may hold ``${variable}``."""

    name: Name
    protocol: str
    version: int = Field(1, ge=1, description="of the protocol that the parameters were set for")
    label: str = ""
    note: str = ""
    tags: list[str] = Field(default_factory=list)
    parameters: dict[str, Any] = Field(default_factory=dict)
    inputs: dict[str, str] = Field(
        default_factory=dict, description="``name.output`` of another run, or ``${variable}``"
    )
    options: dict[str, Any] = Field(default_factory=dict)
    replaces: Name | None = Field(None, description="name of another run")


class WorkflowDocument(_Part):
    """A workflow file."""

    format: Literal["cryoloom-workflow"] = "cryoloom-workflow"
    format_version: int = FORMAT_VERSION
    name: str = ""
    description: str = ""
    variables: dict[Name, Variable] = Field(default_factory=dict, max_length=_MOST_VARIABLES)
    runs: list[RunTemplate] = Field(default_factory=list, max_length=_MOST_RUNS)

    @classmethod
    def of(cls, document: Any) -> Self:
        """Check a JSON document.

        Raises
        ------
        FormatError
            One sentence that says which part is wrong.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise FormatError(f"This is no workflow file: it does not say that its format is {FORMAT!r}.")
        version = document.get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise FormatError(
                f"This workflow was written by a newer cryoloom (format {version}, this one knows {FORMAT_VERSION}); "
                "update cryoloom."
            )
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(str(part) for part in problem["loc"])
            raise FormatError(f"The workflow's {where} is wrong: {problem['msg']}.") from error

    def as_json(self) -> dict[str, Any]:
        """The document, unknown fields included, ready for `json.dumps`."""
        return self.model_dump(mode="json", exclude_none=True)
