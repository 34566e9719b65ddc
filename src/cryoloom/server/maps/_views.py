"""From where the particles of a map are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.data import Particle
from cryoloom.engine.symmetry import point_group
from cryoloom.errors import NotFoundError
from cryoloom.protocols.views import spread_of
from cryoloom.server._turns import Kept, Turns
from cryoloom.server._upstream import input_of, inputs_of
from cryoloom.server.models import ViewsDocument

if TYPE_CHECKING:
    from cryoloom.data import Item, Snapshot
    from cryoloom.engine.symmetry import PointGroup
    from cryoloom.server.maps._known import KnownMap
    from cryoloom.workflow.project import Output, Run

_ANGLES = ("rot", "tilt", "psi")
_MOST_VIEWS = 2 * 10**6  # that are counted, copies by symmetry included
_EVEN, _POOR = 0.8, 0.1
_VIEWS: Kept[tuple[str, int, str], ViewsDocument] = Kept(32, Turns())


def views_of(run: Run, known: KnownMap | None) -> ViewsDocument:
    """How the views of the particles that a run has posed, or looked at, are spread.

    Raises
    ------
    NotFoundError
        If it has to do with no particles that have poses.
    BusyError
        If those of other maps take too long.
    """
    particles = posed_particles(run)
    if particles is None:
        raise NotFoundError(f"Run {run.number} has to do with no particles that have poses.")
    group = point_group(_symmetry(run, known))
    counted = (str(particles.folder), particles.generation, group.name)
    return _VIEWS.of(counted, lambda: _counted(particles, group))


def _counted(particles: Snapshot[Item], group: PointGroup) -> ViewsDocument:
    rows = particles.scan().select(_ANGLES).drop_nulls().collect()
    step = max(1, -(-rows.height * group.order // _MOST_VIEWS))
    counted = rows.gather_every(step)
    found = spread_of(counted.to_numpy().astype(np.float64), group)
    verdict = "evenly" if found.sampling_compensation >= _EVEN and found.poorly_sampled <= _POOR else "unevenly"
    return ViewsDocument(
        density=[[float(one) if np.isfinite(one) else None for one in row] for row in found.mollweide],
        symmetry=group.name,
        particle_count=rows.height,
        counted=counted.height,
        sampling_compensation=found.sampling_compensation,
        poorly_sampled=found.poorly_sampled,
        said=f"Views are spread {verdict}: sampling compensation {found.sampling_compensation:.2f} (1 is even), "
        f"{found.poorly_sampled:.0%} of the directions sampled poorly.",
    )


def posed_particles(run: Run) -> Snapshot[Item] | None:
    """Particles with poses of a run's outputs, else of its inputs, else of the run whose map it went on with."""
    seen = set()
    while run.ulid not in seen:
        seen.add(run.ulid)
        found = next(filter(None, map(_posed, (*run.outputs.values(), *inputs_of(run)))), None)
        given = input_of(run, "volumes")
        if found is not None or given is None:
            return found
        run = given.run
    return None


def _posed(output: Output) -> Snapshot[Item] | None:
    if output.kind != Particle.kind or not output.as_document()["count"]:
        return None
    snapshot = output.latest()
    known = set(_ANGLES) <= set(snapshot.columns)
    return snapshot if known and snapshot.scan().select(_ANGLES).drop_nulls().head(1).collect().height else None


def _symmetry(run: Run, known: KnownMap | None) -> str:
    stated = run.record.parameters.get("symmetry")
    if known is not None and known.row.get("symmetry"):
        return str(known.row["symmetry"])
    return stated if isinstance(stated, str) and stated else "C1"
