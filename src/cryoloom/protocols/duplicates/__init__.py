"""Particles that are there twice."""

from cryoloom.protocols.duplicates._protocol import RemoveDuplicates

__all__ = ["RemoveDuplicates"]
