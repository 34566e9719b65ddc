"""What each person may see and do: the projects that are theirs or were shared, and who is noted for an act."""

from cryoloom.server.people._acting import ActingPerson
from cryoloom.server.people._audited import Audited, note
from cryoloom.server.people._cookie import give_cookie, take_cookie
from cryoloom.server.people._places import check_places
from cryoloom.server.people._sharing import hand_over, known_person, preview_handover, share, sharing_document
from cryoloom.server.people._shelf import PersonalShelf, Standing

__all__ = [
    "ActingPerson",
    "Audited",
    "PersonalShelf",
    "Standing",
    "check_places",
    "give_cookie",
    "hand_over",
    "known_person",
    "note",
    "preview_handover",
    "share",
    "sharing_document",
    "take_cookie",
]
