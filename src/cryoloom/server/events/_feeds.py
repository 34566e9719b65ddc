"""One feed for each project that somebody looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cryoloom.server.events._feed import ProjectFeed

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.server.models import RunSummary


class ProjectFeeds:
    """Feeds by project, made when they are asked for.

    Parameters
    ----------
    summaries : the runs of a project as they are now
    alarms : something that differs when the alarms of a project have changed
    """

    def __init__(
        self, summaries: Callable[[Project], Sequence[RunSummary]], alarms: Callable[[Project], str] = lambda _: ""
    ) -> None:
        self._summaries = summaries
        self._alarms = alarms
        self._feeds: dict[str, ProjectFeed] = {}

    def of(self, project: Project) -> ProjectFeed:
        """The feed of a project; a project that lies elsewhere now gets another one."""
        key = str(project.path)
        if key not in self._feeds:
            self._feeds[key] = ProjectFeed(project, self._summaries, self._alarms)
        return self._feeds[key]
