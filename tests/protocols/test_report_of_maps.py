"""What the report shows of classes and maps is what they are: hand, order, counts, and nothing from elsewhere."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cryoloom.data import FSC, Class2D, Volume
from cryoloom.formats import write_stack, write_volume
from cryoloom.protocols.report import Findings, Reconstruction, report_page
from cryoloom.protocols.report._map_section import central_slices, correlation_chart, middle_of, surface_pictures
from cryoloom.protocols.report._surface import shaded_surface, surface_level

BOX = 40


def ball(centre: tuple[float, float, float], radius: float) -> np.ndarray:
    """A soft ball; centre x, y, z in voxels from the middle."""
    axis = np.arange(BOX) - BOX // 2
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    distance = np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2)
    return np.clip(0.5 + radius - distance, 0.0, 1.0).astype(np.float32)


def middle_of_picture(picture: np.ndarray) -> tuple[float, float]:
    rows, columns = np.nonzero(picture[..., 3])
    return float(columns.mean()), float(rows.mean())


@pytest.mark.parametrize(
    ("view", "right", "up"), [("z", (8, 0, 0), (0, 8, 0)), ("y", (8, 0, 0), (0, 0, 8)), ("x", (0, 8, 0), (0, 0, 8))]
)
def test_a_surface_is_seen_from_the_side_that_is_told(view, right, up) -> None:
    """Right, up and towards the viewer make a right-handed frame, or the picture would show the other hand."""
    column, row = middle_of_picture(shaded_surface(ball(right, 5.0), 0.5, view))
    assert (column, row) == (pytest.approx(BOX // 2 + 8, abs=1.1), pytest.approx(BOX // 2, abs=1.1))
    column, row = middle_of_picture(shaded_surface(ball(up, 5.0), 0.5, view))
    assert (column, row) == (pytest.approx(BOX // 2, abs=1.1), pytest.approx(BOX // 2 - 8, abs=1.1))
    towards = 10 * np.cross(right, up) / 64
    alone = shaded_surface(ball((0, 0, 0), 6.0), 0.5, view)
    in_front, behind = (shaded_surface(ball((0, 0, 0), 6.0) + ball(sign * towards, 3.0), 0.5, view) for sign in (1, -1))
    assert np.array_equal(behind, alone), "what is behind is hidden"
    assert not np.array_equal(in_front, alone)


def test_light_falls_from_the_upper_left() -> None:
    picture = shaded_surface(ball((0, 0, 0), 12.0), 0.5).astype(int).sum(axis=-1)
    assert picture[14, 14] > 1.3 * picture[26, 26]


def test_the_surface_encloses_a_share_of_the_mask() -> None:
    random = np.random.default_rng(1)
    volume = random.normal(size=(BOX,) * 3).astype(np.float32)
    mask = ball((0, 0, 0), 10.0)
    level = surface_level(volume, mask)
    assert (volume[mask > 0.5] >= level).mean() == pytest.approx(0.15, abs=0.01)
    assert (volume >= surface_level(volume)).mean() == pytest.approx(0.01, abs=0.001)


def test_pictures_show_what_the_mask_surrounds() -> None:
    volume, mask = ball((4, 0, 0), 5.0), ball((4, 0, 0), 7.0)
    cut, covered = middle_of(volume, mask)
    assert (
        cut.shape == covered.shape == (26,) * 3
    )  # what is inside reaches 10 voxels from the centre, and the margin is 3
    assert cut.sum() == pytest.approx(volume.sum())
    assert [picture.shape for picture in surface_pictures(cut, covered)] == [(200, 200, 4)] * 2
    slices = central_slices(volume + ball((0, 8, 0), 3.0))
    assert slices[0][BOX - 1 - (BOX // 2 + 8), BOX // 2] > 200  # y points up


def curve(name: str, volume: int, values: list[float]) -> FSC:
    frequency = tuple(np.linspace(0.0, 0.25, len(values)).tolist())
    return FSC(id=hash(name) % 2**63, volume_id=volume, curve=name, frequency=frequency, correlation=tuple(values))


def test_curves_are_drawn_where_their_values_are() -> None:
    chart = correlation_chart([curve("corrected", 1, [1.0, 1.0, 0.0]), curve("masked", 1, [1.0, 0.5, 0.5])])
    corrected, masked = (
        [float(point.split(",")[1]) for point in text.split()]
        for text in re.findall(r'<polyline[^>]*points="([^"]+)"', chart)
    )
    assert masked[1] == pytest.approx((corrected[0] + corrected[2]) / 2, abs=0.2)
    assert chart.index(">corrected<") < chart.index(">masked<")


@pytest.fixture
def made(tmp_path: Path) -> Reconstruction:
    random = np.random.default_rng(2)
    write_stack(tmp_path / "averages.mrcs", random.normal(size=(3, 24, 24)).astype(np.float32), pixel_size=4.0)
    write_volume(tmp_path / "map.mrc", ball((3, 2, 1), 6.0), pixel_size=2.0)
    classes = [
        Class2D(
            id=number + 1,
            file="averages.mrcs",
            index=number,
            pixel_size=4.0,
            box_size=24,
            particle_count=10 * (number + 1),
            share=(number + 1) / 6,
            label=7 + number,
            proposed=number > 0,
            reason="<blurred>",
        )
        for number in range(3)
    ]
    volume = Volume(
        id=5,
        file="map.mrc",
        half1_file="a",
        half2_file="b",
        pixel_size=2.0,
        box_size=BOX,
        resolution=7.25,
        b_factor=-90.0,
    )
    other = Volume(id=6, file="gone.mrc", pixel_size=2.0, box_size=BOX)
    curves = [curve("corrected", 5, [1.0, 0.9, 0.0]), curve("masked", 99, [1.0, 0.9, 0.0])]
    return Reconstruction.of(classes, [other, volume], curves)


def test_the_page_shows_classes_and_maps(made: Reconstruction, tmp_path: Path) -> None:
    found = Findings(title="Map", project=tmp_path, exposures=[], particle_count=50, reconstruction=made)
    page = report_page(found, picture_of=lambda _: None, drift_of=lambda _: [])
    assert made.kept == {2, 3}
    assert "2 of 3 kept, with 83% of the particles" in page
    assert re.findall(r"Class (\d+): (\d+)", page) == [
        ("9", "30"),
        ("8", "20"),
        ("7", "10"),
    ]  # what is kept comes first
    assert page.count('class="rejected"') == 1
    assert "&lt;blurred&gt;" in page
    assert page.index("map.mrc") < page.index("gone.mrc: the map has been cleaned away")
    assert page.count("<polyline") == 1, "curves of other maps are not this one's"
    for words in ("7.25", "-90 Å²", "undetermined", "there are no half maps"):
        assert words in page, words
    assert "<h2>The session</h2>" not in page
    assert "micrographs" not in page.partition("<section>")[0]
    images = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(images) == 3 + 2 + 3
    assert all(Image.open(io.BytesIO(base64.b64decode(content))).size[0] > 8 for content in images)


def test_a_choice_goes_before_the_proposal(made: Reconstruction) -> None:
    chosen = Reconstruction.of(made.classes, kept=frozenset({1}))
    assert chosen.kept == {1}
    assert not Reconstruction()
    assert Reconstruction().resolution is None
