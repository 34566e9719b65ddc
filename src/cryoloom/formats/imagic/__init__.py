"""IMAGIC's pairs of .hed and .img files."""

from cryoloom.formats.imagic._read import ImagicStack, parse_header

__all__ = ["ImagicStack", "parse_header"]
