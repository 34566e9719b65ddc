"""STAR files, read and written beside starfile."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import starfile
from hypothesis import given, settings
from hypothesis import strategies as st

from cryoloom.errors import FormatError, IncompleteFileError, ParameterError
from cryoloom.formats import read_star, write_star


def read_text(folder: Path, text: str | bytes) -> dict:
    path = folder / "a.star"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_star(path)


class TestWhatOthersWrite:
    def test_a_table_and_single_values(self, tmp_path: Path) -> None:
        blocks = read_text(
            tmp_path,
            "# version 30001\n\ndata_optics\n\nloop_ \n_rlnOpticsGroup #1 \n_rlnVoltage #2 \n 1 300.000000 \n\n"
            "data_general\n\n_rlnResolution   3.5\n_rlnCount 7\n_rlnMicrographName 0042\n_rlnNote 'two words' # why\n",
        )
        assert list(blocks) == ["optics", "general"]
        assert blocks["optics"].rows() == [(1, 300.0)]
        assert blocks["optics"].dtypes == [pl.Int64, pl.Float64]
        assert blocks["general"] == {
            "rlnResolution": 3.5,
            "rlnCount": 7,
            "rlnMicrographName": "0042",
            "rlnNote": "two words",
        }

    def test_columns_have_the_narrowest_type_that_holds_every_value(self, tmp_path: Path) -> None:
        table = read_text(
            tmp_path,
            "data_\nloop_\n_a\n_b\n_c\n_d\n_e\n_f\n_rlnImageName\n"
            "1 1   1e-3 -1 18446744073709551615 123456789012345678901 01\n"
            "2 2.5 nan  +2 0                    1                     02\n",
        )[""]
        assert table.dtypes == [pl.Int64, pl.Float64, pl.Float64, pl.Int64, pl.UInt64, pl.String, pl.String]
        assert table["e"][0] == 2**64 - 1
        assert math.isnan(table["c"][1])
        assert table["rlnImageName"].to_list() == ["01", "02"]

    def test_types_that_change_far_down(self, tmp_path: Path) -> None:
        """The file is read in pieces of 16 MB; what the first shows is not all."""
        rows = 100_000
        text = "data_\nloop_\n_a\n_b\n_c\n" + f"7 1.50 {'':200}x1\n" * rows + "7.5 none x2\n"
        table = read_text(tmp_path, text)[""]
        assert len(text) > 20 * 2**20
        assert table.dtypes == [pl.Float64, pl.String, pl.String]
        assert (table["a"][0], table["a"][rows], table["b"][0], table["b"][rows]) == (7.0, 7.5, "1.50", "none")

    def test_quotes_comments_and_hashes(self, tmp_path: Path) -> None:
        table = read_text(
            tmp_path,
            "data_a # comment\n  loop_ # comment\n_x #1 note\n_y\n_z\n"
            "# a comment of five words here\n"
            "\"two words\" 'it''s' 1 # comment\n"
            "a#b #c 2\n"
            '5\'-end "" 3\n'
            "\n"
            "_under score 4\n",
        )["a"]
        assert table["x"].to_list() == ["two words", "a#b", "5'-end", "_under"]
        assert table["y"].to_list() == ["it''s", "#c", "", "score"]
        assert table["z"].to_list() == [1, 2, 3, 4]

    def test_text_of_several_lines(self, tmp_path: Path) -> None:
        blocks = read_text(
            tmp_path,
            "data_a\n_one\n;first\nsecond\n;\n_two 2\ndata_b\nloop_\n_x\n_y\n_z\nk\n;long\ntext\n;\n 3\nm n 4\n",
        )
        assert blocks["a"] == {"one": "first\nsecond", "two": 2}
        assert blocks["b"].rows() == [("k", "long\ntext", 3), ("m", "n", 4)]

    @pytest.mark.parametrize("ending", ["\n", "\r\n"])
    def test_line_ends_marks_and_letters_of_the_world(self, ending: str, tmp_path: Path) -> None:
        text = "\ufeffdata_å\n\nloop_\n_rlnMicrographName #1\n_rlnX #2\nMikroskop/Grün.mrc 1\n测试.mrc 2"
        table = read_text(tmp_path, text.replace("\n", ending))["å"]
        assert table["rlnMicrographName"].to_list() == ["Mikroskop/Grün.mrc", "测试.mrc"]
        assert table["rlnX"].to_list() == [1, 2]

    def test_tables_of_one_column_and_of_none(self, tmp_path: Path) -> None:
        blocks = read_text(tmp_path, 'data_a\nloop_\n_x\n1\n\n""\n3\ndata_b\nloop_\n_y\n_z\n\ndata_c\n')
        assert blocks["a"]["x"].to_list() == [1, None, 3]
        assert blocks["b"].shape == (0, 2)
        assert blocks["c"] == {}

    def test_compressed_files(self, tmp_path: Path) -> None:
        (tmp_path / "a.star").write_bytes(gzip.compress(b"data_a\nloop_\n_x\n_y\n1 2\n"))
        assert read_star(tmp_path / "a.star")["a"].rows() == [(1, 2)]

    def test_every_real_file_says_what_starfile_reads(self, test_data: Path) -> None:
        paths = sorted(test_data.rglob("*.star"))
        assert len(paths) > 70
        for path in paths:
            ours, theirs = read_star(path), starfile.read(path, always_dict=True)
            assert list(ours) == list(theirs), path
            for name, block in ours.items():
                if isinstance(block, dict):
                    assert {key: str(value) for key, value in block.items()} == {
                        key: str(value) for key, value in theirs[name].items()
                    } or any(str(value) == "" for value in block.values()), path
                    continue
                assert block.columns == list(theirs[name].columns), path
                for label in block.columns:
                    expected = theirs[name][label].tolist()
                    if block[label].dtype.is_numeric():
                        np.testing.assert_array_equal(block[label].to_numpy(), np.array(expected, float), str(path))
                    else:
                        assert [word or "" for word in block[label]] == [str(value) for value in expected] or (
                            label.endswith("Name") or block.height == 0
                        ), path


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "no data block"),
            ("some words\n", "line 1 should begin a block"),
            ("data_a\nloop_\n_x\n_y\n1 2\n3\n", "line 6 has 1 values, but the table has 2"),
            ("data_a\nloop_\n_x\n_y\n1 2 3\n", "line 5 has 3 values"),
            ("data_a\nloop_\n_x\n_x\n1 2\n", "line 4 gives the column _x a second time"),
            ("data_a\n_x 1\n_x 2\n", "line 3 gives _x a second time"),
            ("data_a\ndata_a\n", "line 2 begins a second block"),
            ("data_a\n_x 1\nloop_\n_y\n1\n", "line 3 begins a second table"),
            ("data_a\nloop_\n1 2\n", "line 3 should hold a label"),
            ("data_a\nfree text\n", "line 2 should begin with a label"),
            (b"data_a\nloop_\n_x\n_y\n\xe5 2\n", "UTF-8"),
            (b"\x93NUMPY\x01\0\0", "not a text file"),
        ],
    )
    def test_with_the_line_and_the_reason(self, text: str | bytes, reason: str, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match=reason) as caught:
            read_text(tmp_path, text)
        assert "a.star" in str(caught.value)

    def test_a_text_that_does_not_end(self, tmp_path: Path) -> None:
        with pytest.raises(IncompleteFileError, match="line 3"):
            read_text(tmp_path, "data_a\n_x\n;begun\nbut not ended\n")

    def test_a_file_without_lines(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match="longer than 16 MB"):
            read_text(tmp_path, b"x" * (40 * 2**20))

    def test_what_cannot_be_written(self, tmp_path: Path) -> None:
        with pytest.raises(ParameterError, match="column a of type List"):
            write_star(tmp_path / "a.star", {"a": pl.DataFrame({"a": [[1, 2]]})})
        with pytest.raises(ParameterError, match="cannot hold the value"):
            write_star(tmp_path / "a.star", {"a": pl.DataFrame({"a": ['" \' " x']})})
        assert list(tmp_path.iterdir()) == []


class TestRoundTrips:
    def test_numbers_keep_every_digit(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(1)
        table = pl.DataFrame(
            {
                "f": np.concatenate([rng.normal(size=500) * 10.0 ** rng.integers(-300, 300, 500), [0.0, -0.0]]),
                "g": rng.normal(size=502).astype(np.float32),
                "i": rng.integers(-(2**62), 2**62, 502),
                "u": rng.integers(2**63, 2**64 - 1, 502, dtype=np.uint64),
            }
        )
        write_star(tmp_path / "a.star", {"particles": table})
        back = read_star(tmp_path / "a.star")["particles"]
        assert isinstance(back, pl.DataFrame)
        assert back.select("f", "u").equals(table.select("f", "u"))
        assert back["g"].cast(pl.Float32).equals(table["g"])
        assert back["i"].cast(pl.Int64).equals(table["i"])
        theirs = starfile.read(tmp_path / "a.star")
        np.testing.assert_allclose(theirs["f"], table["f"], rtol=1e-15)

    words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)

    @settings(max_examples=150, deadline=None)
    @given(
        rows=st.lists(st.tuples(words, words, st.floats(allow_nan=False)), min_size=1, max_size=8),
        word=words,
        number=st.integers(),
    )
    def test_any_text_comes_back(self, rows: list, word: str, number: int, tmp_path_factory) -> None:
        path = tmp_path_factory.mktemp("star") / "a.star"
        table = pl.DataFrame(rows, schema=["rlnAName", "rlnBName", "x"], orient="row")
        items = {"rlnName": word, "number": number, "flag": True}
        try:
            write_star(path, {"table": table, "": items})
        except ParameterError:
            assert any(quote in text for quote in "\"'" for text in [word, *table["rlnAName"], *table["rlnBName"]])
            return
        back = read_star(path)
        assert back["table"].select("rlnAName", "rlnBName").rows() == table.select("rlnAName", "rlnBName").rows()
        assert back["table"]["x"].cast(pl.Float64).equals(table["x"])
        assert back[""] == {"rlnName": word, "number": number, "flag": 1}

    def test_starfile_reads_what_we_write(self, tmp_path: Path) -> None:
        table = pl.DataFrame(
            {"rlnImageName": ["1@a.mrcs", "two words", ""], "x": [1.5, None, -3.0], "b": [True, False, True]}
        )
        write_star(tmp_path / "a.star", {"particles": table, "general": {"rlnNote": "a b", "rlnN": 3}})
        theirs = starfile.read(tmp_path / "a.star")
        assert theirs["particles"]["rlnImageName"].tolist() == ["1@a.mrcs", "two words", ""]
        np.testing.assert_array_equal(theirs["particles"]["x"], [1.5, np.nan, -3.0])
        assert theirs["particles"]["b"].tolist() == [1, 0, 1]
        assert theirs["general"] == {"rlnNote": "a b", "rlnN": 3}

    def test_we_read_what_starfile_writes(self, test_data: Path, tmp_path: Path) -> None:
        for name in ("cryodrgn/relion31.6opticsgroups.star", "roodmus/relion_Extract_job007_particles.star"):
            theirs = starfile.read(test_data / "metadata" / name)
            starfile.write(theirs, tmp_path / "theirs.star", overwrite=True)
            ours = read_star(tmp_path / "theirs.star")
            original = read_star(test_data / "metadata" / name)
            for block, table in original.items():
                for label in table.columns:
                    if table[label].dtype.is_numeric():
                        np.testing.assert_allclose(ours[block][label], table[label], rtol=1e-6)
                    else:
                        assert ours[block][label].to_list() == table[label].to_list()

    def test_a_failed_write_leaves_what_was_there(self, tmp_path: Path) -> None:
        (tmp_path / "a.star").write_text("before")
        with pytest.raises(ParameterError):
            write_star(tmp_path / "a.star", {"a": pl.DataFrame({"a": [[1]]})})
        assert [path.name for path in tmp_path.iterdir()] == ["a.star"]
        assert (tmp_path / "a.star").read_text() == "before"
