"""A plugin is an installed distribution; one that is broken breaks nothing and says what is wrong with it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from cryoloom.data import Micrograph, OpticsGroup, Table
from cryoloom.formats import relion
from cryoloom.runtime import Project

GOOD = """
from cryoloom.workflow.protocol import TableProtocol
from cryoloom.workflow.parameters import ProtocolParameters, parameter

class {name}(TableProtocol):
    \"\"\"Do nothing much.\"\"\"

    id = "{id}"
    class Parameters(ProtocolParameters):
        \"\"\"None.\"\"\"

    def transform(self, tables, parameters, resolve):
        return {{}}
"""


def test_the_protocol_of_the_guide_runs_as_a_plugin(
    site, blocks_of: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    blocks = blocks_of("protocols.md")
    declared = tomllib.loads(blocks["pyproject.toml"])["project"]
    files = {name: block for name, block in blocks.items() if name.endswith(".py")}
    site.install(declared["name"], declared["entry-points"]["cryoloom.plugins"], files, declared["version"])

    listed = {found["id"]: found for found in site.document("protocols")}
    assert listed["my-lab.low-pass"]["title"] == "Remove detail finer than a resolution from micrographs"
    assert {"import-movies", "motion", "join"} <= listed.keys()
    (told,) = site.document("doctor")["plugins"]
    assert (told["name"], told["distribution"], told["version"], told["fault"]) == ("my-lab", "my-lab", "1.0", "")

    image = np.random.default_rng(5).normal(size=(96, 128)).astype(np.float32)
    with mrcfile.new(tmp_path / "one.mrc", image) as written:
        written.voxel_size = 2.0
    optics = OpticsGroup.describe(name="a", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)
    item = Micrograph(id=1, file="one.mrc", width=128, height=96, pixel_size=2.0).with_optics(optics)
    relion.write_micrographs(tmp_path / "micrographs.star", Table.of([item], "micrographs"))

    project = tmp_path / "project"
    site.shell("new", project)
    site.shell("add", project, "import-micrographs", "--set", f"file={tmp_path / 'micrographs.star'}")
    site.shell("add", project, "my-lab.low-pass", "--in", "micrographs=1.micrographs", "--set", "resolution=10")
    site.shell("run", project)
    opened = Project.open(project)
    (made,) = opened.output("2.micrographs")
    with mrcfile.open(opened.path / made.file) as stored:  # type: ignore[attr-defined]
        spectrum = np.abs(np.fft.rfft2(stored.data))
    frequency = np.hypot(np.fft.fftfreq(96)[:, None], np.fft.rfftfreq(128)) / 2.0
    kept = np.abs(np.fft.rfft2(image))[frequency < 0.0999]
    assert spectrum[frequency > 0.1001].max() < 1e-3 * kept.max()
    assert np.allclose(spectrum[frequency < 0.0999], kept, rtol=1e-3, atol=1e-3)
    assert opened.run(2).folder.attempt(1).request().versions["my-lab"] == "1.0"

    text = opened.run(2).methods().text  # this process does not see the plugin
    assert "Protocol my-lab.low-pass version 1 with resolution = 10.0 gave 1 micrograph." in text
    assert "1 micrographs were filtered to 10 Å." in Path(site.document("report", project)["report"]).read_text()


BROKEN = {
    "raises": ("raises = raises:PROTOCOLS", {"raises.py": "raise RuntimeError('no licence')"}, "no licence"),
    "absent": ("absent = nowhere:PROTOCOLS", {}, "No module named 'nowhere'"),
    "no-table": ("no-table = no_table:PROTOCOLS", {"no_table.py": "PROTOCOLS = 3"}, "AttributeError"),
    "stranger": (
        "stranger = stranger:PROTOCOLS",
        {"stranger.py": "PROTOCOLS = {'ctf': 'stranger:Better'}"},
        "its protocol 'ctf' does not begin with 'stranger.'",
    ),
    "half": (
        "half = half:PROTOCOLS",
        {
            "half/__init__.py": "PROTOCOLS = {'half.good': 'half.good:Good', 'half.bad': 'half.bad:Bad'}",
            "half/good.py": GOOD.format(name="Good", id="half.good"),
            "half/bad.py": "import no_such_library",
        },
        "half.bad cannot be loaded (ModuleNotFoundError: No module named 'no_such_library')",
    ),
    "renamed": (
        "renamed = renamed:PROTOCOLS",
        {
            "renamed/__init__.py": "PROTOCOLS = {'renamed.one': 'renamed.one:One'}",
            "renamed/one.py": GOOD.format(name="One", id="renamed.other"),
        },
        "has the id 'renamed.other'",
    ),
}


def test_broken_plugins_break_nothing_and_say_why(site) -> None:
    for name, (line, files, _) in BROKEN.items():
        key, _, value = line.partition(" = ")
        site.install(f"dist-{name}", {key: value}, files)
    site.install("first", {"twice": "first:PROTOCOLS"}, {"first.py": "PROTOCOLS = {}"})
    site.install("second", {"twice": "second:PROTOCOLS"}, {"second.py": "PROTOCOLS = {}"})

    listed = [found["id"] for found in site.document("protocols")]
    assert [name for name in listed if "." in name] == ["half.good"]
    assert {"import-movies", "motion", "ctf", "join"} <= set(listed)
    document = site.document("doctor")
    faults = {plugin["name"]: plugin["fault"] for plugin in document["plugins"]}
    assert faults.keys() == {*BROKEN, "twice"}
    for name, (_, _, why) in BROKEN.items():
        assert why in faults[name]
        assert any(remark.startswith(f"Plugin {name}: ") for remark in document["remarks"])
    assert "first and second give a plugin of this name; remove one of them." in faults["twice"]

    said = site.shell("protocols", "raises.thing", expect=1).stderr
    assert "There is no protocol 'raises.thing': the plugin raises is off: " in said
    assert "no_such_library" in site.shell("protocols", "half.bad", expect=1).stderr
    assert "it has half.good, half.bad." in site.shell("protocols", "half.more", expect=1).stderr
    site.shell("protocols", "half.good")


@pytest.mark.parametrize("words", [("--help",), ("protocols", "ctf"), ("status", "project"), ("protocols", "quiet.no")])
def test_a_plugin_is_not_imported_before_somebody_asks_for_it(
    site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Project.create(tmp_path / "project")
    mark = tmp_path / "imported"
    touch = f"import pathlib; pathlib.Path({json.dumps(str(mark))}).touch()\n"
    site.install("quiet", {"quiet": "quiet:PROTOCOLS"}, {"quiet.py": touch + "PROTOCOLS = {}"})
    site.shell(*words, expect=1 if words[-1] == "quiet.no" else 0)
    assert mark.exists() == (words[-1] == "quiet.no")
