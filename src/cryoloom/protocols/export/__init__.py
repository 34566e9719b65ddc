"""What leaves a project: STAR files for RELION."""

from cryoloom.protocols.export._gone import named_files
from cryoloom.protocols.export._protocol import ExportStar
from cryoloom.protocols.export._star import empty_in_words, star_files_of, write_star_files

__all__ = ["ExportStar", "empty_in_words", "named_files", "star_files_of", "write_star_files"]
