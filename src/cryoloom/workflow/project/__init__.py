"""Projects, runs and their outputs, as the shell, the web app and Python programs use them."""

from cryoloom.workflow.project._output import Output
from cryoloom.workflow.project._project import Project
from cryoloom.workflow.project._run import Run

__all__ = ["Output", "Project", "Run"]
