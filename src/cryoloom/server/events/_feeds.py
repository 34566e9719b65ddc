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
    """

    def __init__(self, summaries: Callable[[Project], Sequence[RunSummary]]) -> None:
        self._summaries = summaries
        self._feeds: dict[str, ProjectFeed] = {}

    def of(self, project: Project) -> ProjectFeed:
        """The feed of a project; a project that lies elsewhere now gets another one."""
        key = str(project.path)
        if key not in self._feeds:
            self._feeds[key] = ProjectFeed(project, self._summaries)
        return self._feeds[key]
