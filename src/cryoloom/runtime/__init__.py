"""The composition root: finds protocols and lanes, and starts drivers."""

from cryoloom.runtime._compiled import use_kernel_cache
from cryoloom.runtime._environment import InstalledEnvironment, Project

__all__ = ["InstalledEnvironment", "Project", "use_kernel_cache"]
