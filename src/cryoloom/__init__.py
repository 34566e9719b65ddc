"""cryoloom: single-particle cryo-EM from the microscope to a map."""

__version__ = "0.1.0.dev0"
