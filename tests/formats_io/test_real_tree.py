"""Every file of the real data loads as what it is, or is refused with a sentence that says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cryoloom.errors import FormatError, InputError
from cryoloom.formats import read_particles

# The first pattern that fits decides: the format, or words of the refusal.
EXPECTED = {
    "metadata/star/starfile_tests/one_loop.star": "STAR",
    "**/*.star": "STAR",
    "**/*.star.gz": "STAR",
    "**/*.mrc": "MRC",
    "**/*.mrcs": "MRC",
    "**/*.map": "MRC",
    "**/*.map.gz": "MRC",
    "**/*.mrcs.gz": "MRC",
    "**/*.mrc.bz2": "MRC",
    "**/*.tif": "TIFF",
    "**/*.stk": "SPIDER",
    "**/*.spi": "SPIDER",
    "**/*.hed": "IMAGIC",
    "**/*.img": "IMAGIC",
    "**/*.cs": "CS",
    "**/*.xmd": "XMD",
    "metadata/emx/*.xml.gz": "EMX",
    "metadata/epu/**/*.xml": "EPU",
    "**/*.mdoc": "MDOC",
    "structures/*.pdb.gz": "PDB",
    "structures/*.cif.gz": "MMCIF",
    "workflows/*": "none of the formats that cryoloom reads",
    "tosca/**/*": "none of the formats that cryoloom reads",
    "**/*.npz": "none of the formats that cryoloom reads",
    "micrographs/*.txt": "none of the formats that cryoloom reads",
    "MANIFEST.md": "none of the formats that cryoloom reads",
}


def test_every_file(test_data: Path, read_everything: Callable[[Path], str]) -> None:
    expected: dict[Path, str] = {}
    for pattern, words in EXPECTED.items():
        for path in test_data.glob(pattern):
            if path.is_file():
                expected.setdefault(path, words)
    files = {path for path in test_data.rglob("*") if path.is_file()}
    assert files == expected.keys()
    assert len(files) > 140
    for path in sorted(files):
        try:
            said = read_everything(path)
        except InputError as refusal:
            said = str(refusal)
        if expected[path].isupper():
            assert said == expected[path], path
        else:
            assert expected[path] in said, path
            assert path.name in said
            assert said.endswith(".")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("particles/aspire/rln_proj_64.star", "the voltage is not stated; give it"),
        ("particles/aspire/sample_incomplete_ctf_params.star", "the voltage is not stated; give it"),
        ("particles/aspire/sample_relion_one_image.star", "the box size is not stated"),
        ("metadata/cryodrgn/FinalRefinement-OriginalParticles-PfCRT.star", "the box size is not stated"),
        ("particles/cryodrgn/toy_projections.star", "the pixel size is not stated"),
    ],
)
def test_particles_that_lack_something_say_what(name: str, reason: str, test_data: Path) -> None:
    with pytest.raises(FormatError, match=reason):
        read_particles(test_data / name)
