"""Pictures of what runs have made: one that stands for a run, and many images of a set on one sheet."""

from cryoloom.server.pictures._images import opened_map
from cryoloom.server.pictures._run import run_picture
from cryoloom.server.pictures._sheet import MOST_IMAGES, SheetAsked, sheet_of
from cryoloom.server.pictures._subject import Subject, picture_words, subject_of

__all__ = [
    "MOST_IMAGES",
    "SheetAsked",
    "Subject",
    "opened_map",
    "picture_words",
    "run_picture",
    "sheet_of",
    "subject_of",
]
