"""What people call the categories of files."""

from __future__ import annotations

from collections.abc import Mapping

from cryoloom.workflow.cleaning import OWN_CATEGORIES, TRASH

TABLES = "tables"
"""What is of no category: sets, records and logs."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "micrographs": ("Aligned micrographs", "sums of the frames of movies"),
    "particles": ("Particle images", "boxes cut from micrographs"),
    "averages": ("Class averages", "of 2D classes"),
    "maps": ("Maps", "volumes, half maps and what was made of them"),
    "masks": ("Masks", "of maps"),
    "spectra": ("Power spectra", "of micrographs, with their fits"),
    "thumbnails": ("Thumbnails", "small pictures of micrographs"),
    "pictures": ("Pictures", "drawn by runs"),
    "partial": ("Partial results", "of rounds under way"),
    "trust": ("Trust pages", "of refined maps"),
    "report": ("Reports", "of sessions"),
    "star": ("STAR files", "exported for RELION"),
    "scratch": ("Left behind", ""),
    "failed": ("Failed attempts", ""),
    "superseded": ("Superseded tables", ""),
    "iterations": ("Checkpoints", ""),
    TRASH: ("Trash", ""),
    TABLES: ("Tables, records and logs", "what makes the project: it always stays"),
}


def words_of(category: str) -> str:
    """What a category is called."""
    return _WORDS[category][0] if category in _WORDS else category.replace("-", " ").replace("_", " ").capitalize()


def meaning_of(category: str) -> str:
    """What it holds, as half a sentence."""
    return OWN_CATEGORIES.get(category) or (_WORDS[category][1] if category in _WORDS else "files of a plugin")
