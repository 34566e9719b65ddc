"""Xmipp's metadata files."""

from cryoloom.formats.xmd._read import is_xmd, read_xmd

__all__ = ["is_xmd", "read_xmd"]
