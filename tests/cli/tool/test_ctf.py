"""`cryoloom tool ctf` as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer

from cryoloom.cli.tool.ctf import ctf
from cryoloom.formats import write_image
from cryoloom.protocols.imports import ImportMovies

OPTICS = ["--voltage", "300", "--cs", "2.7", "--amplitude-contrast", "0.07"]


def run(*arguments):
    command = [Path(sys.executable).with_name("cryoloom"), "tool", "ctf", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def micrograph(tmp_path_factory):
    random = np.random.default_rng(2)
    k_squared = np.fft.fftfreq(512, 2.0)[:, None] ** 2 + np.fft.rfftfreq(512, 2.0) ** 2
    phase = np.pi * 0.019687 * k_squared * (16_000.0 - 0.5 * 2.7e7 * 0.019687**2 * k_squared)
    matter = np.fft.rfft2(random.standard_normal((512, 512))) * np.exp(-20.0 * k_squared)
    image = np.fft.irfft2(-matter * np.sin(phase + np.arcsin(0.07))) + random.standard_normal((512, 512)) + 100.0
    path = tmp_path_factory.mktemp("micrographs") / "rings.mrc"
    write_image(path, image.astype(np.float32), pixel_size=2.0)
    return path


def test_json_is_one_document_with_what_is_promised(micrograph, tmp_path):
    done = run(micrograph, *OPTICS, "--picture", tmp_path / "rings.png", "--json")
    assert done.returncode == 0, done.stderr
    fit = json.loads(done.stdout)
    promised = {"defocus_u", "defocus_v", "defocus_angle", "phase_shift", "score", "fit_resolution", "warnings"}
    assert promised <= fit.keys()
    assert fit["defocus_u"] >= fit["defocus_v"]
    assert 0.5 * (fit["defocus_u"] + fit["defocus_v"]) == pytest.approx(16_000.0, abs=150.0)
    assert fit["phase_shift"] == 0.0
    assert fit["warnings"] == []
    assert (tmp_path / "rings.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_not_stated_of_the_optics_is_as_imports_take_it():
    command = typer.Typer()
    command.command()(ctf)
    defaults = {one.name: one.default for one in typer.main.get_command(command).params}
    parameters = ImportMovies.Parameters.model_fields
    for name in ("spherical_aberration", "amplitude_contrast"):
        assert defaults[name] == parameters[name].default


def test_several_give_a_list_and_a_sentence_each(micrograph, tmp_path):
    second = tmp_path / "second.mrc"
    second.write_bytes(micrograph.read_bytes())
    folder = tmp_path / "pictures"
    done = run(micrograph, second, *OPTICS, "--picture-folder", folder, "--json")
    assert done.returncode == 0, done.stderr
    assert [document["micrograph"] for document in json.loads(done.stdout)] == [str(micrograph), str(second)]
    assert sorted(path.name for path in folder.iterdir()) == ["rings.png", "second.png"]
    text = run(micrograph, second, *OPTICS, "--defocus-range", "1.0", "2.5").stdout
    assert [line.split(":")[0] for line in text.splitlines()] == [str(micrograph), str(second)]
    assert "Å" in text


def test_a_file_that_is_no_micrograph_is_the_inputs_fault(tmp_path):
    (tmp_path / "garbage.mrc").write_bytes(b"garbage")
    done = run(tmp_path / "garbage.mrc", *OPTICS, "--json")
    assert done.returncode == 1
    (sentence,) = json.loads(done.stdout).values()
    assert "garbage.mrc" in sentence
    assert done.stderr == f"cryoloom: {sentence}\n"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["--cs", "2.7"], [*OPTICS, "--picture", "a.png", "--picture-folder", "b"], [*OPTICS, "--nonsense"]],
)
def test_wrong_usage_is_exit_status_2(micrograph, arguments):
    assert run(micrograph, *arguments).returncode == 2


def test_impossible_ranges_are_refused_with_a_sentence(micrograph):
    done = run(micrograph, *OPTICS, "--defocus-range", "5", "1")
    assert done.returncode == 1
    assert "defocus range" in done.stderr


def test_a_pixel_size_against_the_files_own_is_warned_of_once(micrograph, tmp_path):
    second = tmp_path / "second.mrc"
    second.write_bytes(micrograph.read_bytes())
    done = run(micrograph, second, *OPTICS, "--pixel-size", "1.0", "--json")
    assert done.returncode == 0, done.stderr
    for document in json.loads(done.stdout):
        (warning,) = (sentence for sentence in document["warnings"] if "pixel size" in sentence)
        assert "2 Å" in warning
        assert "1 Å" in warning
        assert "0.25 times" in warning
    assert done.stderr.count("pixel size is 2 Å") == 1
    agreeing = run(micrograph, *OPTICS, "--pixel-size", "2.01", "--json")
    assert json.loads(agreeing.stdout)["warnings"] == []
