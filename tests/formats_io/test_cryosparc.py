"""cryoSPARC's .cs files."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.errors import FormatError, IncompleteFileError
from cryoloom.formats.cryosparc import read_ctfs, read_micrographs, read_particles, read_records, write_particles

ANGLES = np.array([[30.0, 60.0, -45.0], [-170.0, 179.0, 10.0], [0.0, 5.0, 90.0]])


def save(path: Path, **fields: object) -> Path:
    columns = {name.replace("__", "/"): np.asarray(values) for name, values in fields.items()}
    count = len(columns["uid"])
    records = np.zeros(count, [(name, values.dtype, values.shape[1:]) for name, values in columns.items()])
    for name, values in columns.items():
        records[name] = values
    with path.open("wb") as file:
        np.save(file, records)
    return path


def particle_fields() -> dict[str, object]:
    matrices = Rotation.from_euler("ZYZ", ANGLES, degrees=True).as_matrix().swapaxes(1, 2)  # RELION's A
    return {
        "uid": np.array([2**63 + 5, 7, 9], np.uint64),
        "blob__path": np.array([b">J1/a.mrc", b">J1/a.mrc", b">J1/b.mrc"]),
        "blob__idx": np.array([0, 1, 0], np.uint32),
        "blob__shape": np.array([[64, 64]] * 3, np.uint32),
        "blob__psize_A": np.array([1.345] * 3, np.float32),
        "blob__sign": np.array([-1.0] * 3, np.float32),
        "ctf__exp_group_id": np.array([0, 0, 1], np.uint32),
        "ctf__accel_kv": np.array([300.0, 300.0, 200.0], np.float32),
        "ctf__cs_mm": np.array([2.7] * 3, np.float32),
        "ctf__amp_contrast": np.array([0.1] * 3, np.float32),
        "ctf__df1_A": np.array([15000.0, 16000.0, 17000.0], np.float32),
        "ctf__df2_A": np.array([14000.0, 15000.0, 16000.0], np.float32),
        "ctf__df_angle_rad": np.radians([30.0, -10.0, 170.0]).astype(np.float32),
        "ctf__phase_shift_rad": np.radians([0.0, 90.0, 45.0]).astype(np.float32),
        "ctf__anisomag": np.zeros((3, 4), np.float32),
        "alignments3D__pose": Rotation.from_matrix(matrices).as_rotvec().astype(np.float32),
        "alignments3D__shift": np.array([[1.0, -2.0], [0.5, 0.0], [0.0, 3.0]], np.float32),
        "alignments3D__psize_A": np.array([2.69] * 3, np.float32),  # of a downsampled refinement
        "alignments3D__split": np.array([0, 1, 1], np.uint32),
        "alignments3D__class": np.array([0, 0, 2], np.uint32),
        "alignments3D__error": np.array([5.0, 6.0, 7.0], np.float32),
    }


def location_fields() -> dict[str, object]:
    return {
        "uid": np.array([9, 7, 2**63 + 5], np.uint64),  # in another order
        "blob__idx": np.array([90, 91, 92], np.uint32),  # what the first file says wins
        "location__micrograph_uid": np.array([33, 22, 11], np.uint64),
        "location__micrograph_path": np.array([b"m3.mrc", b"m2.mrc", b"m1.mrc"]),
        "location__micrograph_shape": np.array([[3000, 4000]] * 3, np.uint32),
        "location__center_x_frac": np.array([0.5, 0.25, 0.75], np.float32),
        "location__center_y_frac": np.array([0.5, 0.25, 0.1], np.float32),
    }


def test_every_convention_of_particles(tmp_path: Path) -> None:
    main, more = save(tmp_path / "a.cs", **particle_fields()), save(tmp_path / "b.cs", **location_fields())
    imported = read_particles(main, passthrough=more)
    frame = imported.table.frame
    assert frame["id"].to_list() == [2**63 + 5, 7, 9]
    assert frame["file"].to_list() == ["J1/a.mrc", "J1/a.mrc", "J1/b.mrc"]
    assert frame["index"].to_list() == [0, 1, 0]
    assert frame["pixel_size"].to_list() == [1.345] * 3
    assert frame["contrast_sign"].to_list() == [-1] * 3
    # poses are single precision, and near a tilt of 180 only the sum of rot and psi is sharp
    np.testing.assert_allclose(frame.select("rot", "tilt", "psi"), ANGLES, atol=1e-3)
    np.testing.assert_allclose(frame["shift_x"], [2.69, 1.345, 0.0], rtol=1e-6)
    np.testing.assert_allclose(frame["shift_y"], [-5.38, 0.0, 8.07], rtol=1e-6)
    assert frame["half_set"].to_list() == [1, 2, 2]
    assert frame["class_number"].to_list() == [1, 1, 3]
    np.testing.assert_allclose(frame["defocus_angle"], [30.0, 170.0, 170.0], rtol=1e-5)
    np.testing.assert_allclose(frame["phase_shift"], [0.0, 90.0, 45.0], rtol=1e-5)
    assert frame["micrograph_id"].to_list() == [11, 22, 33]
    assert frame["micrograph_file"].to_list() == ["m1.mrc", "m2.mrc", "m3.mrc"]
    np.testing.assert_allclose(frame["x"], [3000.0, 1000.0, 2000.0], rtol=1e-6)
    np.testing.assert_allclose(frame["y"], [2700.0, 2250.0, 1500.0], rtol=1e-6)
    assert frame["alignments3D/error"].to_list() == [5.0, 6.0, 7.0]
    groups = [imported.table.optics_groups[identity] for identity in frame["optics_group"]]
    assert [(group.name, group.voltage) for group in groups] == [
        ("opticsGroup1", 300.0), ("opticsGroup1", 300.0), ("opticsGroup2", 200.0),
    ]  # fmt: skip
    assert groups[0].spherical_aberration == 2.7
    assert not any("anisomag" in remark for remark in imported.remarks)


def test_what_was_not_tested_is_said(tmp_path: Path) -> None:
    fields = particle_fields() | {"ctf__tilt_A": np.full((3, 2), 40.0, np.float32)}
    imported = read_particles(save(tmp_path / "a.cs", **fields))
    assert any("ctf/tilt_A" in remark for remark in imported.remarks)
    assert imported.table.frame["ctf/tilt_A"].to_list() == [[40.0, 40.0]] * 3


def test_particles_come_back(tmp_path: Path) -> None:
    main, more = save(tmp_path / "a.cs", **particle_fields()), save(tmp_path / "b.cs", **location_fields())
    ours = read_particles(main, passthrough=more).table
    ours = ours.with_frame(ours.frame.with_columns(score=0.5))
    remarks = write_particles(tmp_path / "c.cs", ours)
    assert [remark.split()[2] for remark in remarks] == ["score"]
    back = read_particles(tmp_path / "c.cs").table.frame
    for name in ours.frame.columns:
        if name in {"score", "optics_group"}:
            continue
        if ours.frame[name].dtype.is_float():
            np.testing.assert_allclose(back[name], ours.frame[name], rtol=1e-5, atol=1e-4, err_msg=name)
        else:
            assert back[name].to_list() == ours.frame[name].to_list(), name


def test_micrographs_and_their_ctfs(tmp_path: Path) -> None:
    path = save(
        tmp_path / "m.cs",
        uid=np.array([5], np.uint64),
        micrograph_blob__path=np.array([b"J2/m.mrc"]),
        micrograph_blob__shape=np.array([[3000, 4000]], np.uint32),
        micrograph_blob__psize_A=np.array([0.83], np.float32),
        mscope_params__accel_kv=np.array([300.0], np.float32),
        mscope_params__cs_mm=np.array([2.7], np.float32),
        mscope_params__exp_group_id=np.array([3], np.uint32),
        ctf__df1_A=np.array([15000.0], np.float32),
        ctf__df2_A=np.array([14000.0], np.float32),
        ctf__df_angle_rad=np.array([1.0], np.float32),
        ctf__amp_contrast=np.array([0.07], np.float32),
    )
    (micrograph,) = read_micrographs(path).table.frame.iter_rows(named=True)
    assert (micrograph["width"], micrograph["height"], micrograph["pixel_size"]) == (4000, 3000, 0.83)
    ctfs = read_ctfs(path).table
    assert ctfs.frame["id"].to_list() == [5]
    assert ctfs.frame["defocus_angle"].to_list() == pytest.approx([np.degrees(1.0)], rel=1e-6)
    (group,) = ctfs.optics_groups.values()
    assert (group.name, group.amplitude_contrast) == ("opticsGroup4", 0.07)


class TestWhatIsRefused:
    def test_pickled_objects_are_never_loaded(self, tmp_path: Path) -> None:
        class Payload:
            def __reduce__(self):
                return (Path.touch, (tmp_path / "it-ran",))

        records = np.zeros(1, [("uid", np.uint64), ("thing", object)])
        records["thing"][0] = Payload()
        with (tmp_path / "a.cs").open("wb") as file:
            np.save(file, records, allow_pickle=True)
        (tmp_path / "b.cs").write_bytes(pickle.dumps(Payload()))
        with pytest.raises(FormatError, match="pickled objects"):
            read_particles(tmp_path / "a.cs")
        with pytest.raises(FormatError, match=r"not a \.cs file"):
            read_particles(tmp_path / "b.cs")
        assert not (tmp_path / "it-ran").exists()

    def test_a_cut_file(self, tmp_path: Path) -> None:
        whole = save(tmp_path / "a.cs", **particle_fields()).read_bytes()
        for length in (6, 9, 11, 50, len(whole) // 2, len(whole) - 1):
            (tmp_path / "a.cs").write_bytes(whole[:length])
            with pytest.raises((FormatError, IncompleteFileError), match=r"a\.cs"):
                read_records(tmp_path / "a.cs")

    def test_a_header_that_lies_about_the_size(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.cs", **particle_fields())
        path.write_bytes(path.read_bytes().replace(b"'shape': (3,)", b"'shape': (9999999999999,)"))
        with pytest.raises((FormatError, IncompleteFileError)):
            read_records(path)

    def test_other_arrays_and_missing_fields(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", np.arange(5))
        with pytest.raises(FormatError, match="no table with a column uid"):
            read_records(tmp_path / "a.npy")
        with pytest.raises(FormatError, match="blob/path; give the passthrough"):
            read_particles(save(tmp_path / "b.cs", **location_fields()))
        fields = location_fields()
        fields["uid"] = np.array([9, 7, 8], np.uint64)
        with pytest.raises(FormatError, match="lacks 1 of 3 uids"):
            read_particles(save(tmp_path / "c.cs", **particle_fields()), passthrough=save(tmp_path / "d.cs", **fields))
        (tmp_path / "e.cs").write_bytes(b"\x94CSDAT" + bytes(50))
        with pytest.raises(FormatError, match="compressed layout"):
            read_records(tmp_path / "e.cs")


def test_real_files(test_data: Path) -> None:
    exported = read_particles(test_data / "metadata/cryodrgn/cryosparc_J2_particles_exported.cs")
    assert exported.table.frame.height == 22
    assert exported.table.frame["file"][0] == "J1/imported/000090334788266266069_18jam15b_0345_ali_DW.mrcs"
    refined = read_particles(test_data / "metadata/cryodrgn/cryosparc_P12_J24_001_particles.cs").table
    assert refined.frame["half_set"].to_list()[:2] == [2, 1]
    assert refined.frame["shift_x"][0] == pytest.approx(11.334375 * 2.95, rel=1e-6)
    records = read_records(test_data / "metadata/cryodrgn/cryosparc_P12_J24_001_particles.cs")
    matrices = Rotation.from_rotvec(records["alignments3D/pose"]).as_matrix()
    angles = refined.frame.select("rot", "tilt", "psi").to_numpy()
    ours = Rotation.from_euler("ZYZ", angles, degrees=True).as_matrix().swapaxes(1, 2)
    np.testing.assert_allclose(ours, matrices, atol=1e-6)
