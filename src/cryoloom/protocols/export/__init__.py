"""What leaves a project: STAR files for RELION."""

from cryoloom.protocols.export._protocol import ExportStar
from cryoloom.protocols.export._star import write_star_files

__all__ = ["ExportStar", "write_star_files"]
