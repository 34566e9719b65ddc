"""What happens in a project, told as it happens."""

from cryoloom.server.events._feed import FeedEvent, ProjectFeed
from cryoloom.server.events._feeds import ProjectFeeds

__all__ = ["FeedEvent", "ProjectFeed", "ProjectFeeds"]
