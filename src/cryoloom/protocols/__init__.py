"""The embedded protocols, one package per stage."""

from collections.abc import Mapping

PROTOCOLS: Mapping[str, str] = {
    "import-movies": "cryoloom.protocols.imports:ImportMovies",
    "import-micrographs": "cryoloom.protocols.imports:ImportMicrographs",
    "import-ctfs": "cryoloom.protocols.imports:ImportCTFs",
    "import-coordinates": "cryoloom.protocols.imports:ImportCoordinates",
    "import-particles": "cryoloom.protocols.imports:ImportParticles",
    "import-volume": "cryoloom.protocols.imports:ImportVolume",
    "preflight": "cryoloom.protocols.preflight:Preflight",
    "motion": "cryoloom.protocols.motion:CorrectMotion",
    "ctf": "cryoloom.protocols.ctf:EstimateCTF",
    "pick": "cryoloom.protocols.pick:PickParticles",
    "extract": "cryoloom.protocols.extract:ExtractParticles",
    "class2d": "cryoloom.protocols.class2d:Classify2D",
    "select-classes": "cryoloom.protocols.class2d:SelectClasses",
    "abinitio": "cryoloom.protocols.abinitio:AbInitio",
    "refine": "cryoloom.protocols.refine:Refine",
    "reconstruct": "cryoloom.protocols.reconstruct:Reconstruct",
    "remove-duplicates": "cryoloom.protocols.duplicates:RemoveDuplicates",
    "create-mask": "cryoloom.protocols.maps:CreateMask",
    "postprocess": "cryoloom.protocols.maps:Postprocess",
    "local-resolution": "cryoloom.protocols.maps:EstimateLocalResolution",
    "resample-map": "cryoloom.protocols.maps:ResampleMap",
    "invert-hand": "cryoloom.protocols.maps:InvertHand",
    "filter": "cryoloom.protocols.sets:FilterItems",
    "curate": "cryoloom.protocols.sets:Curate",
    "combine": "cryoloom.protocols.sets:CombineItems",
    "split": "cryoloom.protocols.sets:SplitItems",
    "edit": "cryoloom.protocols.sets:EditColumns",
    "group-optics": "cryoloom.protocols.sets:GroupOptics",
    "correct-acquisition": "cryoloom.protocols.acquisition:CorrectAcquisition",
    "export": "cryoloom.protocols.export:ExportStar",
    "report": "cryoloom.protocols.report:Report",
    "join": "cryoloom.protocols.sets:JoinColumns",
}
"""Id → ``module:Class``, as a plugin's entry point gives it: one can be had without importing the others."""
