"""Picking with what is known: templates from a file or from class averages, and the CTF they are given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cryoloom.data import CTF, Class2D, Coordinate, Micrograph, OpticsGroup
from cryoloom.errors import InputError, ParameterError
from cryoloom.formats import write_image, write_stack
from cryoloom.protocols.pick import PickParticles
from cryoloom.workflow.workspace import Workspace

PIXEL_SIZE, DIAMETER = 4.0, 120.0
OPTICS = OpticsGroup.describe(name="a", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.07)
CENTRES = [(50 + 82 * i + 3 * j, 50 + 82 * j) for i in range(6) for j in range(6)]  # x, y


def ball(size: int, scale: float) -> NDArray[np.float32]:
    """A protein-white ball, seen with pixels of ``scale`` Å."""
    y, x = np.mgrid[:size, :size] - size // 2
    return np.exp(-((np.hypot(y, x) * scale / 36.0) ** 2)).astype(np.float32)


def ring(size: int, scale: float) -> NDArray[np.float32]:
    y, x = np.mgrid[:size, :size] - size // 2
    return np.exp(-(((np.hypot(y, x) * scale - 40.0) / 12.0) ** 2)).astype(np.float32)


def field_of(*kinds: NDArray[np.float32], transfer: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
    """Dark particles of these kinds in turn, in noise."""
    projections = np.zeros((512, 512))
    for number, (x, y) in enumerate(CENTRES):
        kind = kinds[number % len(kinds)]
        half = len(kind) // 2
        projections[y - half : y - half + len(kind), x - half : x - half + len(kind)] += kind
    if transfer is not None:
        projections = np.fft.ifft2(np.fft.fft2(projections) * transfer).real
    noise = np.random.default_rng(1).normal(0.0, 0.3, projections.shape)
    return (100.0 - projections + noise).astype(np.float32)


def contrast_transfer(defocus: float) -> NDArray[np.float64]:
    """Of a field for white protein at 300 kV, written out from the textbook."""
    frequency = np.fft.fftfreq(512, PIXEL_SIZE)
    squared = frequency[:, None] ** 2 + frequency**2
    phase = np.pi * 0.019687 * squared * (defocus - 0.5 * 2.7e7 * 0.019687**2 * squared)
    return np.sin(phase + np.arcsin(0.07))


class Bench:
    """A project folder with one micrograph and stacks of templates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings: list[str] = []

    def put(self, image: NDArray[np.float32]) -> None:
        write_image(self.folder / "field.mrc", image, pixel_size=PIXEL_SIZE)

    def stack(self, name: str, *images: NDArray[np.float32], pixel_size: float | None) -> Path:
        write_stack(self.folder / name, np.stack(images), pixel_size=pixel_size)
        return self.folder / name

    def pick(self, *, ctfs: CTF | None = None, templates: Sequence[Class2D] | None = None, **values: Any) -> Any:
        protocol = PickParticles()
        parameters = protocol.Parameters(diameter=DIAMETER, **values)
        protocol.check(parameters)
        micrograph = Micrograph(id=1, file="field.mrc", width=512, height=512, pixel_size=PIXEL_SIZE)
        workspace = Workspace(self.folder, "000001-pick", "field", 1, frozenset())
        inputs: dict[str, Any] = {"ctfs": ctfs} | ({} if templates is None else {"templates": templates})
        picks = protocol.process(micrograph.with_optics(OPTICS), parameters, workspace, **inputs)
        self.warnings = workspace.warnings
        return picks


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def classes_at_centres(picks: Sequence[Coordinate]) -> list[int | None]:
    """Class of the pick at each particle; 0 where there is none."""
    found: list[int | None] = []
    for x, y in CENTRES:
        near = [pick for pick in picks if np.hypot(pick.x - x, pick.y - y) < 0.1 * DIAMETER / PIXEL_SIZE]
        found.append(near[0].class_number if near else 0)
    return found


def average(file: str, index: int, *, pixel_size: float = 5.0, box_size: int = 32) -> Class2D:
    return Class2D(
        id=1 + index, file=file, index=index, pixel_size=pixel_size, box_size=box_size, particle_count=1, share=0.5
    )


def test_without_templates_nothing_is_said_of_classes(bench: Bench) -> None:
    bench.put(field_of(ball(32, PIXEL_SIZE)))
    assert classes_at_centres(bench.pick()) == [None] * 36


def test_a_template_file_tells_its_pixel_size_or_is_told(bench: Bench) -> None:
    bench.put(field_of(ball(32, PIXEL_SIZE), ring(32, PIXEL_SIZE)))
    file = bench.stack("templates.mrcs", ball(32, 5.0), ring(32, 5.0), pixel_size=5.0)
    picks = bench.pick(template_file=file)
    assert classes_at_centres(picks) == [1, 2] * 18
    assert len(picks) <= 38
    wrong = bench.stack("wrong.mrcs", ball(32, 5.0), ring(32, 5.0), pixel_size=1.3)
    assert bench.pick(template_file=wrong, template_pixel_size=5.0) == picks
    silent = bench.stack("silent.mrcs", ball(32, 5.0), ring(32, 5.0), pixel_size=None)
    with pytest.raises(InputError, match=r"silent\.mrcs: the file does not say the pixel size of the templates"):
        bench.pick(template_file=silent)


def test_class_averages_are_taken_in_the_order_of_their_stack(bench: Bench) -> None:
    bench.put(field_of(ball(32, PIXEL_SIZE), ring(32, PIXEL_SIZE)))
    bench.stack("averages.mrcs", np.eye(32, dtype=np.float32), ball(32, 5.0), ring(32, 5.0), pixel_size=1.0)
    chosen = [average("averages.mrcs", 2), average("averages.mrcs", 1)]
    picks = bench.pick(templates=chosen)
    assert classes_at_centres(picks) == [1, 2] * 18
    file = bench.stack("templates.mrcs", ball(32, 5.0), ring(32, 5.0), pixel_size=5.0)
    assert picks == bench.pick(template_file=file)


def test_templates_are_given_the_ctf_of_the_micrograph(bench: Bench) -> None:
    """With 6 µm, contrast is reversed from 34 Å on, which a template has to know."""
    bench.put(field_of(ring(32, PIXEL_SIZE), transfer=contrast_transfer(60_000.0)))
    file = bench.stack("templates.mrcs", ring(32, 5.0), pixel_size=5.0)
    ctf = CTF(id=1, defocus_u=60_000.0, defocus_v=60_000.0, defocus_angle=0.0, pixel_size=PIXEL_SIZE)
    knowing = bench.pick(template_file=file, ctfs=ctf.with_optics(OPTICS))
    ignorant = bench.pick(template_file=file)
    assert classes_at_centres(knowing) == [1] * 36
    best = [float(np.mean(sorted((pick.score for pick in picks), reverse=True)[:36])) for picks in (knowing, ignorant)]
    assert best[0] > 1.1 * best[1]


def test_templates_that_do_not_go_together_are_refused(bench: Bench) -> None:
    bench.put(field_of(ball(32, PIXEL_SIZE)))
    file = bench.stack("templates.mrcs", ball(32, 5.0), pixel_size=5.0)
    with pytest.raises(InputError, match="as a set and as a file"):
        bench.pick(template_file=file, templates=[average("templates.mrcs", 0)])
    with pytest.raises(InputError, match=r"differ in pixel size \(4 to 5 Å/px\)"):
        bench.pick(templates=[average("templates.mrcs", 0), average("templates.mrcs", 0, pixel_size=4.0)])
    with pytest.raises(InputError, match=r"differ in box size \(32 to 48 px\)"):
        bench.pick(templates=[average("templates.mrcs", 0), average("templates.mrcs", 0, box_size=48)])
    with pytest.raises(InputError, match="set of templates is empty"):
        bench.pick(templates=[])
    with pytest.raises(ParameterError, match="there is no file"):
        bench.pick(template_file=bench.folder / "missing.mrcs")
    with pytest.raises(ParameterError, match="give the file, too"):
        bench.pick(template_pixel_size=5.0)


def test_what_a_template_file_says_in_vain_is_told(bench: Bench) -> None:
    bench.put(field_of(ball(32, PIXEL_SIZE)))
    path = bench.stack("templates.mrcs", ball(32, 5.0), pixel_size=5.0)
    content = bytearray(path.read_bytes())
    content[96:104] = b"\0" * 8  # extended header size and type
    content[208:212] = b"XXXX"  # not MAP
    path.write_bytes(content)
    bench.pick(template_file=path)
    assert [warning for warning in bench.warnings if warning.startswith("templates.mrcs: ")]
