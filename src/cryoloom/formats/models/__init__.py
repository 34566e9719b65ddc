"""Atomic models."""

from cryoloom.formats.models._read import Assembly, AtomicModel, is_mmcif, read_model

__all__ = ["Assembly", "AtomicModel", "is_mmcif", "read_model"]
