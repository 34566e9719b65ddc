"""Refinement of contrast transfer functions against a map."""

from cryoloom.protocols.ctf_refine._protocol import RefineCTF

__all__ = ["RefineCTF"]
