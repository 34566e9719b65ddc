"""STAR files: tables of text, as RELION and others keep them."""

from cryoloom.formats.star._read import Block, read_star
from cryoloom.formats.star._write import write_star

__all__ = ["Block", "read_star", "write_star"]
