"""CTF estimation: from micrographs to defocus and astigmatism."""

from cryoloom.protocols.ctf._protocol import EstimateCTF

__all__ = ["EstimateCTF"]
