"""Which protocols there are: the embedded ones, and those of installed plugins."""

from __future__ import annotations

import difflib
from contextlib import suppress
from functools import cache

from cryoloom.errors import NotFoundError
from cryoloom.protocols import PROTOCOLS
from cryoloom.runtime._plugins import load, plugin_of, plugin_protocol, plugins
from cryoloom.workflow.protocol import Protocol, Stage


@cache
def protocol(protocol_id: str) -> type[Protocol]:
    """The protocol of that id; of plugins, only its own is asked, and only if it is not an embedded one.

    Raises
    ------
    NotFoundError
        If there is none; the message names near ones, or the plugin that is off and why.
    """
    if protocol_id in PROTOCOLS:
        return load(PROTOCOLS[protocol_id], protocol_id)
    plugin = plugin_of(protocol_id)
    if plugin is not None:
        return plugin_protocol(plugin, protocol_id)
    known = [*PROTOCOLS, *(name for found in plugins().values() for name in found.protocols)]
    near = difflib.get_close_matches(protocol_id, known, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "`cryoloom protocols` lists what is installed."
    raise NotFoundError(f"There is no protocol {protocol_id!r}; {hint}")


def protocols() -> dict[str, type[Protocol]]:
    """Every protocol that can be used, by id, in the order of their stages; those of plugins that are off are not."""
    found = {protocol_id: protocol(protocol_id) for protocol_id in PROTOCOLS}
    for plugin in plugins().values():
        for protocol_id in plugin.protocols:
            with suppress(NotFoundError):  # `cryoloom doctor` says why it is off
                found[protocol_id] = plugin_protocol(plugin, protocol_id)
    order = list(Stage)
    return dict(sorted(found.items(), key=lambda entry: order.index(entry[1].stage)))
