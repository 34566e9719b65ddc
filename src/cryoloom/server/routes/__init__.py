"""The routes, one module for each thing that they are about."""

from cryoloom.server.routes._alarms import router as alarms
from cryoloom.server.routes._app import app_files
from cryoloom.server.routes._audit import router as audit
from cryoloom.server.routes._classes import router as classes
from cryoloom.server.routes._comparison import router as comparison
from cryoloom.server.routes._curves import router as curves
from cryoloom.server.routes._events import router as events
from cryoloom.server.routes._exposures import router as exposures
from cryoloom.server.routes._machine import router as machine
from cryoloom.server.routes._maps import router as maps
from cryoloom.server.routes._microscopes import router as microscopes
from cryoloom.server.routes._people import router as people
from cryoloom.server.routes._pictures import router as pictures
from cryoloom.server.routes._projects import router as projects
from cryoloom.server.routes._protocols import router as protocols
from cryoloom.server.routes._runs import router as runs
from cryoloom.server.routes._session import router as session
from cryoloom.server.routes._sessions import router as sessions
from cryoloom.server.routes._sets import router as sets
from cryoloom.server.routes._sharing import router as sharing
from cryoloom.server.routes._sign_in import router as sign_in
from cryoloom.server.routes._storage import router as storage
from cryoloom.server.routes._tokens import router as tokens

__all__ = [
    "alarms",
    "app_files",
    "audit",
    "classes",
    "comparison",
    "curves",
    "events",
    "exposures",
    "machine",
    "maps",
    "microscopes",
    "people",
    "pictures",
    "projects",
    "protocols",
    "runs",
    "session",
    "sessions",
    "sets",
    "sharing",
    "sign_in",
    "storage",
    "tokens",
]
