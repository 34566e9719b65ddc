"""SPIDER's images, stacks and volumes."""

from cryoloom.formats.spider._read import SpiderStack, parse_header

__all__ = ["SpiderStack", "parse_header"]
