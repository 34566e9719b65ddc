"""What an attempt records of the libraries it ran with."""

from __future__ import annotations

from importlib import metadata

from cryoloom.runtime import InstalledEnvironment


def test_versions_are_those_that_python_tells_of_the_installed_distributions():
    environment = InstalledEnvironment()
    recorded = environment.versions(environment.protocol("filter"))
    libraries = {name: version for name, version in recorded.items() if name not in {"cryoloom", "python"}}
    assert {"numpy", "polars", "numba"} <= libraries.keys()
    assert libraries == {name: metadata.version(name) for name in libraries}
