"""Pictures of what runs have made: one that stands for a run, and many images of a set on one sheet."""

from cryoloom.server.pictures._grey import filtered
from cryoloom.server.pictures._images import only_image, opened_map, stored_picture
from cryoloom.server.pictures._run import micrograph_picture, run_picture
from cryoloom.server.pictures._sheet import MOST_IMAGES, SheetAsked, sheet_of
from cryoloom.server.pictures._subject import Subject, picture_words, subject_of

__all__ = [
    "MOST_IMAGES",
    "SheetAsked",
    "Subject",
    "filtered",
    "micrograph_picture",
    "only_image",
    "opened_map",
    "picture_words",
    "run_picture",
    "sheet_of",
    "stored_picture",
    "subject_of",
]
