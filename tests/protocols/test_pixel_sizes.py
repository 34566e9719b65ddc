"""A pixel size that is stated against the file's own is warned of, with what follows from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from cryoloom.errors import InputError
from cryoloom.formats import read_header, write_image
from cryoloom.protocols.pixel_sizes import believed_pixel_size, disagreement

IMAGE = np.zeros((16, 16), np.float32)


def test_what_follows_is_told_as_the_lengths_and_the_defocus_that_come_out() -> None:
    said = disagreement(1.0, 2.0)
    assert "its pixel size is 2 Å, but 1 Å was stated" in said
    assert "lengths come out 0.5 times and a fitted defocus 0.25 times" in said  # the rings lie at λ Δf k²


@pytest.mark.parametrize(
    ("stated", "said"), [(None, 2.0), (2.0, None), (2.0, 0.0), (0.8285, 0.83), (0.837, 0.83), (0.83, 0.837)]
)
def test_what_is_not_known_or_agrees_to_a_hundredth_is_silent(stated: float | None, said: float | None) -> None:
    assert disagreement(stated, said) == ""


def test_files_of_printers_and_of_programs_that_do_not_know_disagree_with_nothing(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "screen.tif", IMAGE, resolution=(72, 72), resolutionunit="inch")
    Image.fromarray(IMAGE).save(tmp_path / "printer.tif", dpi=(300, 300))
    write_image(tmp_path / "unknown.mrc", IMAGE, pixel_size=None)
    for name in ("screen.tif", "printer.tif", "unknown.mrc"):
        header = read_header(tmp_path / name)
        assert header.pixel_size is None, name
        assert disagreement(0.83, header.pixel_size) == ""
        assert not [remark for remark in header.remarks if "dots" in remark]
        with pytest.raises(InputError, match=r"does not say its pixel size; give --pixel-size\."):
            believed_pixel_size(header, None)
        assert believed_pixel_size(header, 0.83) == 0.83
