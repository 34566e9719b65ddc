"""The tools pick, extract and fsc: what they write, what they answer, and how they refuse."""

import json
import re

import mrcfile
import numpy as np
import pytest
import starfile
from PIL import Image

from cryoloom.cli.main import main
from cryoloom.formats.relion import read_particles
from cryoloom.protocols.pick._files import doubt_of_diameter, doubt_of_picks

PIXEL_SIZE, DIAMETER = 2.0, 60.0


def run(capsys, *arguments):
    """Run a tool in this process; exit status, standard output, standard error."""
    status = 0
    try:
        main(["tool", *(str(argument) for argument in arguments)])
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture(scope="module")
def particle():
    y, x = np.mgrid[-20:21, -20:21]
    distance = np.hypot(y, x)
    return np.exp(-((distance / 9) ** 4)) * (1 + 0.5 * np.cos(distance / 2)) - 0.3 * np.exp(-((distance / 14) ** 2))


@pytest.fixture(scope="module")
def centres():
    return [(60 + 70 * i + 3 * j, 60 + 70 * j) for i in range(6) for j in range(6)]  # x, y


@pytest.fixture(scope="module")
def micrograph(tmp_path_factory, particle, centres):
    """Thirty-six dark particles in noise."""
    random = np.random.default_rng(1)
    image = random.normal(50, 2, (480, 520)).astype(np.float32)
    for x, y in centres:
        image[y - 20 : y + 21, x - 20 : x + 21] -= (5 * particle).astype(np.float32)
    path = tmp_path_factory.mktemp("field") / "field.mrc"
    mrcfile.write(path, image, voxel_size=PIXEL_SIZE)
    return path


@pytest.fixture
def picked(micrograph, tmp_path, capsys):
    star = tmp_path / "picks.star"
    status, out, _ = run(capsys, "pick", micrograph, "--diameter", DIAMETER, "--output", star, "--json")
    assert status == 0
    return star, json.loads(out)


def test_pick_writes_what_it_answers(picked, centres):
    star, answer = picked
    table = starfile.read(star)
    written = table[["rlnCoordinateX", "rlnCoordinateY"]].to_numpy()
    assert written == pytest.approx(np.array(answer["coordinates"]), abs=1e-3)
    assert answer["count"] == len(written)
    assert len(centres) <= len(written) <= len(centres) + 2  # noise may have a twentieth
    assert (np.diff(table["rlnAutopickFigureOfMerit"]) <= 0).all()
    distance = np.hypot(*(written[:, None] - np.array(centres)[None]).transpose(2, 0, 1))
    assert distance.min(axis=0).max() < 2.0  # a pixel of the working image, in which the diameter has 16


def test_pick_speaks_to_people_and_draws(micrograph, tmp_path, capsys):
    picture = tmp_path / "picks.png"
    status, out, _ = run(
        capsys, "pick", micrograph, "--diameter", DIAMETER, "--output", tmp_path / "p.star", "--picture", picture
    )
    assert status == 0
    assert re.search(r"field\.mrc: 3[678] particles", out)
    with Image.open(picture) as drawn:
        assert drawn.size == (520, 480)
        assert drawn.mode == "RGB"
        green = np.asarray(drawn).astype(int)
    assert ((green[..., 1] - green[..., 0]) > 100).sum() > 36 * 60  # circles of about 94 pixels


def test_pick_with_templates_names_the_template(micrograph, particle, tmp_path, capsys):
    stack = np.stack([np.pad(particle[:40, :40], 4), np.pad(np.eye(40), 4)]).astype(np.float32)
    mrcfile.write(tmp_path / "templates.mrcs", stack, voxel_size=PIXEL_SIZE)
    status, out, _ = run(
        capsys, "pick", micrograph, "--diameter", DIAMETER, "--templates", tmp_path / "templates.mrcs",
        "--output", tmp_path / "p.star", "--json",
    )  # fmt: skip
    assert status == 0
    answer = json.loads(out)
    assert answer["count"] >= 36
    assert answer["classes"][:30] == [1] * 30
    assert starfile.read(tmp_path / "p.star")["rlnClassNumber"].tolist() == answer["classes"]


def test_extract_writes_a_stack_that_its_star_file_describes(picked, micrograph, centres, tmp_path, capsys):
    star, _ = picked
    output = tmp_path / "particles.mrcs"
    status, out, err = run(
        capsys, "extract", micrograph, "--coordinates", star, "--box", 64, "--size", 32, "--diameter", DIAMETER,
        "--voltage", 300, "--cs", 2.7, "--amplitude-contrast", 0.1, "--defocus", 12000, 11500, 30, "--resolution", 3,
        "--output", output, "--json",
    )  # fmt: skip
    assert status == 0
    answer = json.loads(out)
    images, tables = mrcfile.read(output), starfile.read(output.with_suffix(".star"))
    particles, optics = tables["particles"], tables["optics"]
    assert images.shape == (answer["count"], 32, 32)
    assert answer["count"] == len(particles) >= len(centres)
    assert particles["rlnImageName"].tolist()[:2] == [f"000001@{output}", f"000002@{output}"]
    assert float(optics["rlnImagePixelSize"].iloc[0]) == 2 * PIXEL_SIZE
    assert float(particles["rlnDefocusU"].iloc[0]) == 12000
    assert (particles["rlnCoordinateX"] % 1 == 0).all()
    true_positions = particles[["rlnCoordinateX", "rlnCoordinateY"]].to_numpy() - np.array(answer["shifts"])
    assert particles["rlnOriginXAngst"].to_numpy() == pytest.approx(
        np.array(answer["shifts"])[:, 0] * PIXEL_SIZE, abs=1e-4
    )
    assert np.hypot(*(true_positions[:, None] - np.array(centres)[None]).transpose(2, 0, 1)).min(axis=0).max() < 2
    assert images.mean(axis=0)[16, 16] > 1  # protein white, in the centre
    assert "loses what the particle scatters at 3 Å" in err
    assert answer["warnings"]


def test_the_box_follows_from_diameter_and_defocus_and_then_holds_all(one_position, micrograph, tmp_path, capsys):
    """60 Å and 2 λ Δf / d = 2 × 0.0197 × 12000 / 4 Å = 118 Å on either side together: 89 pixels of 2 Å, so 90."""
    known = ["--diameter", DIAMETER, "--voltage", 300, "--cs", 2.7, "--amplitude-contrast", 0.1]
    status, out, err = run(
        capsys, "extract", micrograph, "--coordinates", one_position, *known, "--defocus", 12000, 11500, 30,
        "--output", tmp_path / "p.mrcs", "--json",
    )  # fmt: skip
    assert (status, err) == (0, "")
    answer = json.loads(out)
    assert (answer["box_size"], answer["warnings"]) == (90, [])
    status, _, err = run(
        capsys, "extract", micrograph, "--coordinates", one_position, "--output", tmp_path / "q.mrcs", "--voltage", 300
    )
    assert status == 2
    assert "--diameter, from which it follows" in err


CTF_STAR = """
data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnVoltage #3
_rlnSphericalAberration #4
_rlnAmplitudeContrast #5
_rlnMicrographPixelSize #6
_rlnBeamTiltX #7
_rlnBeamTiltY #8
shots 1 200.0 1.4 0.07 {pixel_size} 0.3 -0.2

data_micrographs

loop_
_rlnMicrographName #1
_rlnOpticsGroup #2
_rlnDefocusU #3
_rlnDefocusV #4
_rlnDefocusAngle #5
_rlnCtfMaxResolution #6
MotionCorr/other.mrc 1 9000 8000 10 4.0
MotionCorr/{name} 1 12000 11500 30 3.5
"""
FITTED = {
    "voltage": 300.0,
    "spherical_aberration": 2.7,
    "amplitude_contrast": 0.1,
    "defocus_u": 12000.0,
    "defocus_v": 11500.0,
    "defocus_angle": 30.0,
    "phase_shift": 0.0,
    "score": 0.8,
    "fit_resolution": 4.2,
}


@pytest.fixture
def one_position(tmp_path):
    (tmp_path / "c.star").write_text("data_\n\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n200 200\n")
    return tmp_path / "c.star"


def extract_with(capsys, micrograph, coordinates, output, *options):
    """Status, the tables of the STAR file, and what was said."""
    status, _, err = run(
        capsys, "extract", micrograph, "--coordinates", coordinates, "--box", 64, "--output", output, *options
    )
    return status, starfile.read(output.with_suffix(".star")) if status == 0 else {}, err


def test_extract_takes_the_ctf_of_a_star_file_with_all_its_optics(micrograph, one_position, tmp_path, capsys):
    ctfs = tmp_path / "micrographs_ctf.star"
    ctfs.write_text(CTF_STAR.format(name=micrograph.name, pixel_size=PIXEL_SIZE))
    output = tmp_path / "p.mrcs"
    status, tables, err = extract_with(capsys, micrograph, one_position, output, "--ctf", ctfs)
    assert (status, err) == (0, "")
    optics, particle = tables["optics"].iloc[0], tables["particles"].iloc[0]
    assert optics["rlnOpticsGroupName"] == "shots"
    assert [float(optics[name]) for name in ("rlnVoltage", "rlnSphericalAberration", "rlnAmplitudeContrast")] == [
        200.0,
        1.4,
        0.07,
    ]
    assert (float(optics["rlnBeamTiltX"]), float(optics["rlnBeamTiltY"])) == (0.3, -0.2)
    assert (float(optics["rlnImagePixelSize"]), int(optics["rlnImageSize"])) == (PIXEL_SIZE, 64)
    assert [float(particle[name]) for name in ("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle")] == [12000, 11500, 30]
    assert float(particle["rlnCtfMaxResolution"]) == 3.5
    read = read_particles(output.with_suffix(".star")).table
    assert read.frame["defocus_u"].to_list() == [12000.0]
    assert {group.voltage for group in read.optics_groups.values()} == {200.0}


@pytest.mark.parametrize("several", [False, True])
def test_extract_takes_the_answer_of_the_ctf_tool(micrograph, one_position, tmp_path, capsys, several):
    mine = FITTED | {"micrograph": str(micrograph)}
    other = FITTED | {"micrograph": "elsewhere.mrc", "defocus_u": 1.0}
    (tmp_path / "ctf.json").write_text(json.dumps([other, mine] if several else mine))
    status, tables, err = extract_with(
        capsys, micrograph, one_position, tmp_path / "p.mrcs", "--ctf", tmp_path / "ctf.json", "--voltage", 200
    )
    assert (status, err) == (0, "")
    assert float(tables["particles"]["rlnDefocusU"].iloc[0]) == 12000
    assert float(tables["optics"]["rlnVoltage"].iloc[0]) == 200  # what is given goes before what the file says
    assert float(tables["optics"]["rlnSphericalAberration"].iloc[0]) == 2.7


def test_extract_says_what_its_star_file_lacks(micrograph, one_position, tmp_path, capsys):
    status, _, err = extract_with(capsys, micrograph, one_position, tmp_path / "p.mrcs", "--voltage", 300)
    assert status == 0
    assert "does not say spherical aberration and amplitude contrast and defocus, which RELION needs" in err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (json.dumps([FITTED | {"micrograph": "a.mrc"}, FITTED | {"micrograph": "b.mrc"}]), "none of this name"),
        (json.dumps({"micrograph": "a.mrc", "error": "no"}), "as `tool ctf --json` does"),
        ("{not json", "not valid JSON"),
        (CTF_STAR.format(name="another.mrc", pixel_size=1.0), "none of this name"),
        ("neither", "ctf.star"),
    ],
)
def test_extract_refuses_a_file_that_does_not_tell(micrograph, one_position, tmp_path, capsys, content, sentence):
    (tmp_path / "ctf.star").write_text(content)
    status, _, err = extract_with(capsys, micrograph, one_position, tmp_path / "p.mrcs", "--ctf", tmp_path / "ctf.star")
    assert status == 1
    assert sentence in err
    assert "Traceback" not in err


def test_extract_lists_what_leaves_the_field(micrograph, tmp_path, capsys):
    coordinates = tmp_path / "c.star"
    coordinates.write_text("data_\n\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n10 200\n200 200\n")
    status, out, err = run(
        capsys,
        "extract",
        micrograph,
        "--coordinates",
        coordinates,
        "--box",
        64,
        "--output",
        tmp_path / "p.mrcs",
        "--json",
    )
    assert status == 0
    answer = json.loads(out)
    assert answer["count"] == 1
    assert [one["index"] for one in answer["dropped"]] == [0]
    assert "leaves the micrograph" in err


def test_fsc_of_two_noisy_maps(tmp_path, capsys):
    random = np.random.default_rng(3)
    k = np.sqrt(
        sum(x**2 for x in np.meshgrid(np.fft.fftfreq(40), np.fft.fftfreq(40), np.fft.rfftfreq(40), indexing="ij"))
    )
    signal = np.fft.irfftn(np.fft.rfftn(random.normal(size=(40,) * 3)) * (k < 0.2) * 2, (40,) * 3, (0, 1, 2))
    for name in "ab":
        noisy = signal + random.normal(size=signal.shape)
        mrcfile.write(tmp_path / f"{name}.mrc", noisy.astype(np.float32), voxel_size=1.5)
    status, out, _ = run(capsys, "fsc", tmp_path / "a.mrc", tmp_path / "b.mrc", "--json")
    assert status == 0
    answer = json.loads(out)
    assert answer["pixel_size"] == pytest.approx(1.5)
    # The signal ends at 0.2 cycles a pixel, on the centre of shell 8, so the curve falls between shells 7 and 9.
    assert 1.5 / (9 / 40) < answer["resolution_0.143"] < 1.5 / (7 / 40)
    assert len(answer["frequency"]) == len(answer["correlation"]) == 21
    status, out, _ = run(capsys, "fsc", tmp_path / "a.mrc", tmp_path / "a.mrc")
    assert "stays above 0.143" in out


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["pick", "missing.mrc", "--diameter", "60", "--output", "p.star"], 1, "missing.mrc"),
        (["pick", "MIC", "--diameter", "900", "--output", "p.star"], 1, "too large for a micrograph"),
        (["pick", "MIC", "--diameter", "3", "--output", "p.star"], 1, "1.5 pixels of 2 Å across, and needs at least 8"),
        (["pick", "MIC", "--output", "p.star"], 2, "--diameter"),
        (["pick", "MIC", "--diameter", "60", "--output", "p.star", "--template-pixel-size", "3"], 2, "--templates"),
        (["extract", "MIC", "--coordinates", "missing.star", "--box", "64", "--output", "p.mrcs"], 1, "missing.star"),
        (["extract", "MIC", "--coordinates", "missing.star", "--box", "63", "--output", "p.mrcs"], 1, "positive even"),
        (["fsc", "MIC", "missing.mrc"], 1, "missing.mrc"),
        (["fsc", "MIC", "MIC"], 1, "cubes or squares"),
    ],
)
def test_refusals_have_a_sentence_and_a_status(micrograph, tmp_path, monkeypatch, capsys, arguments, status, says):
    monkeypatch.chdir(tmp_path)
    given, out, err = run(capsys, *(micrograph if word == "MIC" else word for word in arguments))
    assert given == status
    assert says in err
    assert out == ""
    assert not list(tmp_path.iterdir())


def test_pick_and_extract_warn_of_a_pixel_size_against_the_files_own(one_position, micrograph, tmp_path, capsys):
    stated = ["--pixel-size", 1.5 * PIXEL_SIZE, "--output"]
    picked = run(capsys, "pick", micrograph, "--diameter", DIAMETER, *stated, tmp_path / "picks.star", "--json")
    cut = ["extract", micrograph, "--coordinates", one_position, "--box", 64, *stated, tmp_path / "cut.mrcs", "--json"]
    for status, out, told in (picked, run(capsys, *cut)):
        assert status == 0
        (warning,) = (sentence for sentence in json.loads(out)["warnings"] if "pixel size" in sentence)
        assert f"pixel size is {PIXEL_SIZE:g} Å, but {1.5 * PIXEL_SIZE:g} Å was stated" in warning
        assert warning in told


def test_pick_says_what_may_be_wrong_where_nothing_is_found(tmp_path, capsys):
    noise = np.random.default_rng(6).normal(50, 2, (256, 256)).astype(np.float32)
    mrcfile.write(tmp_path / "empty.mrc", noise, voxel_size=PIXEL_SIZE)
    picks = tmp_path / "picks.star"
    status, out, told = run(
        capsys, "pick", tmp_path / "empty.mrc", "--diameter", 40 * PIXEL_SIZE, "--output", picks, "--json"
    )
    (warning,) = json.loads(out)["warnings"]
    assert (status, json.loads(out)["count"]) == (0, 0)
    assert "No particle stands out from the noise" in warning
    assert "--protein-white" in warning
    assert warning in told


def test_implausible_diameters_are_doubted():
    """A field of 4096 × 4096 pixels of 0.8 Å, in which discs of 100 Å that touch are 1240."""
    field = {"shape": (4096, 4096), "pixel_size": 0.8}
    assert doubt_of_diameter(**field, diameter=100.0) == ""
    assert "room for 38267 particles" in doubt_of_diameter(**field, diameter=18.0)
    assert doubt_of_picks(800, **field, diameter=100.0) == ""
    assert "lie as close as discs that touch" in doubt_of_picks(1000, **field, diameter=100.0)
