"""From a micrograph's file to its fit and picture."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cryoloom.engine.ctf import CTFSettings
from cryoloom.errors import FormatError, InputError
from cryoloom.formats import write_image
from cryoloom.protocols.ctf._files import MicrographAcquisition, fit_micrograph
from cryoloom.protocols.side_by_side import side_by_side

ACQUISITION = MicrographAcquisition(pixel_size=None, voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.07)


@pytest.fixture(scope="module")
def micrograph(tmp_path_factory):
    """Rings of 1.2 µm, strong and round."""
    random = np.random.default_rng(1)
    k_squared = np.fft.fftfreq(512, 2.0)[:, None] ** 2 + np.fft.rfftfreq(512, 2.0) ** 2
    phase = np.pi * 0.019687 * k_squared * (12_000.0 - 0.5 * 2.7e7 * 0.019687**2 * k_squared)
    matter = np.fft.rfft2(random.standard_normal((512, 512))) * np.exp(-20.0 * k_squared)
    image = np.fft.irfft2(-matter * np.sin(phase + np.arcsin(0.07))) + random.standard_normal((512, 512)) + 100.0
    path = tmp_path_factory.mktemp("micrographs") / "rings.mrc"
    write_image(path, image.astype(np.float32), pixel_size=2.0)
    return path


def test_a_micrograph_is_fitted_with_the_pixel_size_that_it_states(micrograph, tmp_path):
    result = fit_micrograph(micrograph, ACQUISITION, CTFSettings(), picture=tmp_path / "rings.png")
    assert result.pixel_size == pytest.approx(2.0)
    assert result.fit.mean_defocus == pytest.approx(12_000.0, abs=150.0)  # a field of a ninth of the usual area
    with Image.open(result.picture) as picture:
        assert picture.format == "PNG"
        assert picture.size == (512, 512)
        assert np.asarray(picture).std() > 20
    assert [path.name for path in tmp_path.iterdir()] == ["rings.png"]  # nothing half-written is left


def test_a_pixel_size_that_is_given_outweighs_the_file(micrograph):
    result = fit_micrograph(micrograph, replace(ACQUISITION, pixel_size=2.1), CTFSettings())
    assert result.pixel_size == 2.1
    # The same rings at frequencies 5 % lower need a defocus 10 % higher.
    assert result.fit.mean_defocus == pytest.approx(12_000.0 * 1.05**2, abs=250.0)


def test_a_file_without_pixel_size_needs_one(micrograph, tmp_path):
    from cryoloom.formats import read_image

    silent = tmp_path / "silent.mrc"
    write_image(silent, read_image(micrograph), pixel_size=None)
    with pytest.raises(InputError, match=r"silent\.mrc.*pixel size; give --pixel-size"):
        fit_micrograph(silent, ACQUISITION, CTFSettings())


def test_refusals_name_the_file(tmp_path):
    blank = tmp_path / "blank.mrc"
    write_image(blank, np.zeros((256, 256), np.float32), pixel_size=2.0)
    with pytest.raises(InputError, match=r"blank\.mrc: The micrograph is blank"):
        fit_micrograph(blank, ACQUISITION, CTFSettings(), picture=tmp_path / "blank.png")
    assert not (tmp_path / "blank.png").exists()


def test_one_bad_micrograph_does_not_stop_the_others(micrograph, tmp_path):
    bad = tmp_path / "bad.mrc"
    bad.write_bytes(b"no image at all")

    def fit(path, picture, threads):
        return fit_micrograph(path, ACQUISITION, CTFSettings(), picture=picture, threads=threads)

    good, failure, again = side_by_side([micrograph, bad, micrograph], [None] * 3, fit, threads=2)
    assert isinstance(failure, FormatError)
    assert good.fit.transfer == again.fit.transfer
