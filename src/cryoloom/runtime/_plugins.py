"""Plugins: installed distributions that give protocols by an entry point of the group ``cryoloom.plugins``.

The entry point's name is the plugin's; its object maps ids of protocols, each of which begins with the plugin's name
and a dot, to ``module:Class``. Nothing is imported before somebody asks for it, and what cannot be loaded is off: it
takes nothing along, and says why.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata

from cryoloom.errors import NotFoundError
from cryoloom.workflow.protocol import Protocol

GROUP = "cryoloom.plugins"


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin.

    Parameters
    ----------
    name : of the entry point; the ids of its protocols begin with it
    distribution, version : that it was installed with
    protocols : id → ``module:Class``; empty if even this cannot be had
    fault : what of it cannot be used and why, in one sentence; empty if nothing is wrong
    """

    name: str
    distribution: str
    version: str
    protocols: Mapping[str, str]
    fault: str = ""


@cache
def plugins() -> Mapping[str, Plugin]:
    """Every installed plugin by name, its protocols not yet imported; costs a look at every installed distribution."""
    found: dict[str, Plugin] = {}
    for entry in metadata.entry_points(group=GROUP):
        plugin = _loaded(entry)
        other = found.get(plugin.name)
        if other is not None and (other.distribution, other.version) != (plugin.distribution, plugin.version):
            both = " and ".join(sorted([other.distribution, plugin.distribution]))
            why = f"{both} give a plugin of this name; remove one of them."
            plugin = Plugin(plugin.name, other.distribution, other.version, {}, why)
        found[plugin.name] = plugin
    return dict(sorted(found.items()))


def checked_plugins() -> list[Plugin]:
    """Every installed plugin, after importing all of its protocols; the first that fails is its fault."""
    return [_checked(plugin) for plugin in plugins().values()]


def plugin_of(protocol_id: str) -> Plugin | None:
    """The installed plugin to which a protocol of that id would belong."""
    name, dot, _ = protocol_id.partition(".")
    return plugins().get(name) if dot else None


def plugin_protocol(plugin: Plugin, protocol_id: str) -> type[Protocol]:
    """Import a protocol of a plugin.

    Raises
    ------
    NotFoundError
        If the plugin has no such protocol, or is off; the message says why.
    """
    if plugin.fault:
        raise NotFoundError(f"There is no protocol {protocol_id!r}: the plugin {plugin.name} is off: {plugin.fault}")
    if protocol_id not in plugin.protocols:
        listed = ", ".join(plugin.protocols) or "none"
        raise NotFoundError(f"The plugin {plugin.name} has no protocol {protocol_id!r}; it has {listed}.")
    try:
        return load(plugin.protocols[protocol_id], protocol_id)
    except Exception as error:  # whatever a plugin does wrong, it only turns itself off
        raise NotFoundError(f"Of the plugin {plugin.name}, {_sentence(protocol_id, error)}") from error


def load(location: str, protocol_id: str) -> type[Protocol]:
    """Import the protocol class at ``module:Class``.

    Raises
    ------
    TypeError
        If there is something else, or a protocol of another id.
    """
    module, _, name = location.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, Protocol)):
        raise TypeError(f"{location} is no protocol")
    if found.id != protocol_id:
        raise TypeError(f"{location} has the id {found.id!r}")
    found.input_ports(), found.output_ports()  # declared wrongly, they would fail later and elsewhere
    return found


def _loaded(entry: metadata.EntryPoint) -> Plugin:
    distribution, version = ("", "") if entry.dist is None else (entry.dist.name, entry.dist.version)
    try:
        declared = entry.load()
        protocols = {str(protocol_id): str(location) for protocol_id, location in declared.items()}
    except Exception as error:  # noqa: BLE001  # as above
        return Plugin(entry.name, distribution, version, {}, _sentence(f"{GROUP} {entry.value}", error))
    strangers = [protocol_id for protocol_id in protocols if not protocol_id.startswith(f"{entry.name}.")]
    if strangers:
        why = f"its protocol {strangers[0]!r} does not begin with {entry.name + '.'!r}."
        return Plugin(entry.name, distribution, version, {}, why)
    return Plugin(entry.name, distribution, version, protocols)


def _checked(plugin: Plugin) -> Plugin:
    for protocol_id, location in plugin.protocols.items():
        try:
            load(location, protocol_id)
        except Exception as error:  # noqa: BLE001  # as above
            why = _sentence(protocol_id, error)
            return Plugin(plugin.name, plugin.distribution, plugin.version, plugin.protocols, why)
    return plugin


def _sentence(what: str, error: Exception) -> str:
    return f"{what} cannot be loaded ({type(error).__name__}: {error})."
