"""EER movies of Thermo Fisher's Falcon cameras."""

from cryoloom.formats.eer._fractions import sensible_fractions
from cryoloom.formats.eer._metadata import EERMetadata
from cryoloom.formats.eer._read import EERStack, is_eer

__all__ = ["EERMetadata", "EERStack", "is_eer", "sensible_fractions"]
