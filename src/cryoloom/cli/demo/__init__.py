"""The demonstration: a simulated session, processed as it arrives, compared with its truth."""

from cryoloom.cli.demo._command import demo

__all__ = ["demo"]
