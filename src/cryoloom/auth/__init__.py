"""Who may use a server, and as what: people, sessions, tokens, and the headers that keep other sites out."""

from cryoloom.auth._accounts import BROWSER, Accounts, Caller
from cryoloom.auth._asgi import Application, Message, Receive, Scope, Send, answer
from cryoloom.auth._audit import AuditEntry, AuditLog
from cryoloom.auth._guard import SAFE_METHODS, Cookies, Guard
from cryoloom.auth._headers import SECURITY_HEADERS
from cryoloom.auth._keys import AccessKey
from cryoloom.auth._people import LOCAL, PeopleFolder, Person, Role, identity_of
from cryoloom.auth._rights import Right, right_of
from cryoloom.auth._seal import Seal, kept_secret
from cryoloom.auth._sessions import Session, SessionFolder
from cryoloom.auth._tokens import ApiToken, TokenFolder

__all__ = [
    "BROWSER",
    "LOCAL",
    "SAFE_METHODS",
    "SECURITY_HEADERS",
    "AccessKey",
    "Accounts",
    "ApiToken",
    "Application",
    "AuditEntry",
    "AuditLog",
    "Caller",
    "Cookies",
    "Guard",
    "Message",
    "PeopleFolder",
    "Person",
    "Receive",
    "Right",
    "Role",
    "Scope",
    "Seal",
    "Send",
    "Session",
    "SessionFolder",
    "TokenFolder",
    "answer",
    "identity_of",
    "kept_secret",
    "right_of",
]
