"""The tools for maps: what they write, what they answer, and how they refuse."""

import json

import mrcfile
import numpy as np
import pytest
import starfile

from cryoloom.cli.main import main
from cryoloom.engine.maps import low_pass, poses_of_other_hand, soft_sphere

BOX, PIXEL = 48, 2.0


def run(capsys, *arguments):
    """Run a tool in this process; exit status, standard output, standard error."""
    status = 0
    try:
        main(["tool", *(str(argument) for argument in arguments)])
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def answer(capsys, *arguments):
    status, out, err = run(capsys, *arguments, "--json")
    assert status == 0, err
    return json.loads(out)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Half maps of a textured ball, their mean, and a model of two atoms."""
    folder = tmp_path_factory.mktemp("maps")
    random = np.random.default_rng(1)
    texture = low_pass(random.normal(size=(BOX,) * 3).astype(np.float32), 7.0, pixel_size=PIXEL)
    signal = soft_sphere(BOX, 11.0, 3.0) * (0.5 + texture)
    halves = [signal + random.normal(0, 0.3, signal.shape).astype(np.float32) for _ in range(2)]
    for name, volume in (("half1", halves[0]), ("half2", halves[1]), ("full", 0.5 * (halves[0] + halves[1]))):
        with mrcfile.new(folder / f"{name}.mrc", volume.astype(np.float32)) as file:
            file.voxel_size = PIXEL
            file.header.origin = (10.0, 20.0, 30.0)
    mrcfile.write(folder / "small.mrc", np.zeros((16,) * 3, np.float32), voxel_size=PIXEL)
    (folder / "model.pdb").write_text(
        "ATOM      1  CA  ALA A   1      58.000  68.000  78.000  1.00 20.00           C\n"
        "ATOM      2  CA  ALA A   2      62.000  68.000  78.000  1.00 20.00           C\nEND\n"
    )
    return folder


def test_a_mask_is_drawn_in_each_way(files, capsys, tmp_path):
    shares = {}
    for name, options in {
        "auto": [],
        "threshold": ["--threshold", 0.25],
        "sphere": ["--sphere", 44],
        "cylinder": ["--cylinder", 44, 20],
        "model": ["--model", files / "model.pdb"],
    }.items():
        output = tmp_path / f"{name}.mrc"
        told = answer(capsys, "mask", files / "full.mrc", "--output", output, *options, "--edge", 4, "--extend", 1)
        assert told["shape"] == name
        assert told["warnings"] == []
        with mrcfile.open(output) as file:
            assert (file.data.min(), file.data.max()) == (0, 1)
            assert file.header.origin.item() == (10.0, 20.0, 30.0)
        shares[name] = told["share_of_box"]
    ball = 4 / 3 * np.pi * (11 + 1.5 + 1 + 2) ** 3 / BOX**3
    assert shares["auto"] == pytest.approx(ball, rel=0.3)
    assert 0 < shares["model"] < 0.2
    assert shares["cylinder"] < shares["sphere"]
    status, _, err = run(
        capsys, "mask", files / "full.mrc", "--output", tmp_path / "x.mrc", "--sphere", 9, "--threshold", 1
    )
    assert status == 1
    assert "only one" in err


def test_postprocess_answers_with_curves_and_writes_maps(files, capsys, tmp_path):
    told = answer(capsys, "postprocess", files / "half1.mrc", files / "half2.mrc", "--output", tmp_path / "sharp")
    # A mask of 22 voxels carries signal over a shell or two of the 14 that hold it.
    assert told["resolution"] == pytest.approx(7.0, rel=0.15)
    assert set(told["correlation"]) == {"unmasked", "masked", "phase-randomised", "corrected"}
    assert len(told["frequency"]) == len(told["correlation"]["corrected"]) == BOX // 2 + 1
    assert mrcfile.read(told["map"]).shape == mrcfile.read(told["mask"]).shape == (BOX,) * 3
    again = answer(
        capsys, "postprocess", files / "half1.mrc", files / "half2.mrc", "--output", tmp_path / "b",
        "--mask", told["mask"], "--b-factor", -20, "--threads", 1,
    )  # fmt: skip
    assert again["b_factor"] == -20
    assert again["correlation"] == told["correlation"]
    status, _, err = run(capsys, "postprocess", files / "half1.mrc", files / "half1.mrc", "--output", tmp_path / "c")
    assert status == 1
    assert "same map" in err
    status, _, err = run(capsys, "postprocess", files / "half1.mrc", files / "small.mrc", "--output", tmp_path / "c")
    assert status == 1
    assert "small.mrc has a box of 16" in err


def test_local_and_directional_resolution(files, capsys, tmp_path):
    output = tmp_path / "local.mrc"
    told = answer(capsys, "localres", files / "half1.mrc", files / "half2.mrc", "--output", output)
    assert told["median"] == pytest.approx(7.0, rel=0.15)
    values = mrcfile.read(output)
    assert values[0, 0, 0] == 0
    assert np.median(values[values > 0]) == pytest.approx(told["median"])
    told = answer(capsys, "directions", files / "half1.mrc", files / "half2.mrc")
    assert told["percentiles"][2] == pytest.approx(7.0, rel=0.15)
    assert len(told["axes"]) == len(told["resolutions"])


def test_a_mask_of_another_size_is_refused_before_anything_is_computed(files, capsys, tmp_path):
    halves = (files / "half1.mrc", files / "half2.mrc")
    for tool, output in (("postprocess", "c"), ("localres", "c.mrc")):
        status, _, err = run(capsys, tool, *halves, "--mask", files / "small.mrc", "--output", tmp_path / output)
        assert status == 1
        assert "small.mrc has a box of 16 voxels and half1.mrc one of 48" in err
        assert not list(tmp_path.iterdir())


def test_a_resampled_map_lies_where_it_was(files, capsys, tmp_path):
    told = answer(capsys, "resample", files / "full.mrc", "--to", 3.0, "--box", 30, "--output", tmp_path / "new.mrc")
    assert (told["box_size"], told["pixel_size"]) == (30, 3.0)
    with mrcfile.open(tmp_path / "new.mrc") as file:
        assert file.voxel_size.x == pytest.approx(3.0)
        # The centre, voxel 24 of 2 Å and voxel 15 of 3 Å, keeps its place.
        assert file.header.origin.x == pytest.approx(10 + 24 * 2 - 15 * 3)
    status, _, err = run(capsys, "resample", files / "full.mrc", "--output", tmp_path / "new.mrc")
    assert status == 1
    assert "Nothing is changed" in err


def test_the_other_hand_of_map_and_poses(files, capsys, tmp_path):
    star = tmp_path / "in.star"
    angles = np.random.default_rng(2).uniform([-180, 0, -180], [180, 180, 180], (5, 3))
    rows = "\n".join(f"{a[0]:.6f} {a[1]:.6f} {a[2]:.6f} {n}@s.mrcs {n}.5" for n, a in enumerate(angles, 1))
    star.write_text(
        "data_optics\n\nloop_\n_rlnOpticsGroup #1\n_rlnVoltage #2\n1 300\n\ndata_particles\n\nloop_\n_rlnAngleRot #1\n"
        f"_rlnAngleTilt #2\n_rlnAnglePsi #3\n_rlnImageName #4\n_rlnOriginXAngst #5\n{rows}\n"
    )
    told = answer(
        capsys, "invert-hand", files / "full.mrc", "--output", tmp_path / "hand.mrc", "--particles", star,
        "--output-particles", tmp_path / "out.star",
    )  # fmt: skip
    assert told["count"] == 5
    assert mrcfile.read(tmp_path / "hand.mrc")[20, 21, 22] == mrcfile.read(files / "full.mrc")[28, 27, 26]
    written = starfile.read(tmp_path / "out.star")
    particles = written["particles"]
    found = particles[["rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi"]].to_numpy()
    assert found == pytest.approx(poses_of_other_hand(angles), abs=1e-4)
    assert list(particles["rlnImageName"]) == [f"{n}@s.mrcs" for n in range(1, 6)]
    assert list(particles["rlnOriginXAngst"]) == [n + 0.5 for n in range(1, 6)]
    status, _, err = run(capsys, "invert-hand", files / "full.mrc", "--output", tmp_path / "x.mrc", "--particles", star)
    assert status == 1
    assert "both" in err


def test_filters_and_combinations(files, capsys, tmp_path, test_data):
    smooth = tmp_path / "smooth.mrc"
    mtf = test_data / "metadata" / "mtf" / "mtf_k2_300_ec.star"
    filtered = ("filter-map", files / "full.mrc", "--low-pass", 9, "--mtf", mtf, "--b-factor", -30, "--output", smooth)
    answer(capsys, *filtered, "--detector-pixel-size", PIXEL)
    assert mrcfile.read(smooth).std() < mrcfile.read(files / "full.mrc").std()
    mean = tmp_path / "mean.mrc"
    answer(capsys, "combine-maps", files / "half1.mrc", files / "half2.mrc", "--operation", "mean", "--output", mean)
    assert np.allclose(mrcfile.read(mean), mrcfile.read(files / "full.mrc"), atol=1e-6)
    status, _, err = run(capsys, "filter-map", files / "full.mrc", "--output", smooth)
    assert status == 1
    assert "No filter" in err
    sharpened = ("postprocess", files / "half1.mrc", files / "half2.mrc", "--mtf", mtf, "--output", tmp_path / "sharp")
    for tool in (filtered, sharpened):  # particles may have been binned since the detector recorded them
        status, _, err = run(capsys, *tool)
        assert status == 1
        assert "needs the pixel size of the movies" in err


def test_views_and_models(files, capsys, tmp_path):
    star = tmp_path / "views.star"
    rows = "\n".join(f"{10 * n} 90 0 {n:06d}@s.mrcs 1" for n in range(1, 37))
    star.write_text(
        "data_optics\n\nloop_\n_rlnOpticsGroup #1\n_rlnOpticsGroupName #2\n_rlnVoltage #3\n_rlnSphericalAberration #4\n"
        "_rlnAmplitudeContrast #5\n_rlnImagePixelSize #6\n_rlnImageSize #7\n_rlnImageDimensionality #8\n"
        "1 one 300 2.7 0.1 2.0 48 2\n\ndata_particles\n\nloop_\n_rlnAngleRot #1\n_rlnAngleTilt #2\n_rlnAnglePsi #3\n"
        f"_rlnImageName #4\n_rlnOpticsGroup #5\n{rows}\n"
    )
    told = answer(capsys, "views", star, "--rows", 10)
    assert told["particles"] == 36
    assert (len(told["mollweide"]), len(told["mollweide"][0])) == (10, 20)
    assert told["mollweide"][0][0] is None
    assert 0 < told["sampling_compensation"] < 1
    assert answer(capsys, "views", star, "--symmetry", "C3")["symmetry"] == "C3"
    told = answer(capsys, "model-fsc", files / "full.mrc", files / "model.pdb")
    assert len(told["correlation"]) == BOX // 2 + 1
