"""Who may use a server: keys, signed cookies, and the headers that keep other sites out."""

from cryoloom.auth._cookies import COOKIE, CookieSigner, kept_secret
from cryoloom.auth._guard import Guard
from cryoloom.auth._headers import SECURITY_HEADERS
from cryoloom.auth._keys import AccessKey

__all__ = ["COOKIE", "SECURITY_HEADERS", "AccessKey", "CookieSigner", "Guard", "kept_secret"]
