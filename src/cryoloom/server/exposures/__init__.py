"""Exposures of a session: micrographs with all that other runs have found out about them."""

from cryoloom.server.exposures._image import grey_bytes, spectrum_thumbnail, thumbnail_of
from cryoloom.server.exposures._measures import MEASURES
from cryoloom.server.exposures._one import exposure_document
from cryoloom.server.exposures._rings import rings_document, rings_picture, view_of
from cryoloom.server.exposures._sets import ExposureSets, continuing, exposure_sets
from cryoloom.server.exposures._table import ExposureFrames, exposure_table

__all__ = [
    "MEASURES",
    "ExposureFrames",
    "ExposureSets",
    "continuing",
    "exposure_document",
    "exposure_sets",
    "exposure_table",
    "grey_bytes",
    "rings_document",
    "rings_picture",
    "spectrum_thumbnail",
    "thumbnail_of",
    "view_of",
]
