"""A protein-like specimen that needs no file: helices and sheets filling the domains of a handed C3 body of ~440 kDa.

It has what alignment and refinement live on: rods 10 Å apart, strands 4.8 Å apart, side chains at about 4 Å, protein's
density and composition, arms from 30 to 90 Å from the axis, and no mirror symmetry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope._specimen import Specimen

Points: TypeAlias = NDArray[np.float64]

SIDE_CHAINS = ("", "C", "CC", "CO", "CCC", "CCCC", "CCON", "CCOO", "CCSC", "CCCCN", "CCCNCN", "CCCCCCC", "CCNCCCCC")
"""Side chains of protein by their atoms, from the backbone outwards; on average 3.9 atoms."""

SIDE_CHAIN_SHARES = (0.07, 0.08, 0.03, 0.12, 0.07, 0.15, 0.08, 0.11, 0.03, 0.07, 0.07, 0.07, 0.05)


@dataclass(frozen=True)
class Domain:
    """An ellipsoid filled with parallel helices or with sheets: centre and semi-axes in Å, axis as two angles."""

    centre: tuple[float, float, float]
    semi_axes: tuple[float, float, float]
    azimuth: float
    inclination: float
    fold: str

    @property
    def frame(self) -> Points:
        """Matrix whose columns are the domain's axes; its elements run along the third."""
        from scipy.spatial.transform import Rotation

        return np.asarray(Rotation.from_euler("ZY", [self.azimuth, self.inclination], degrees=True).as_matrix())

    def depth(self, points: Points) -> NDArray[np.float64]:
        """Distance from the centre as a share of the way to the surface, at each point (n, 3)."""
        local = (points - np.asarray(self.centre)) @ self.frame
        return np.asarray(np.linalg.norm(local / np.asarray(self.semi_axes), axis=1))


DOMAINS = (
    Domain((26.0, 4.0, -6.0), (26.0, 23.0, 33.0), 20.0, 12.0, "helices"),
    Domain((36.0, 26.0, 26.0), (22.0, 19.0, 27.0), 75.0, 55.0, "sheets"),
    Domain((58.0, -14.0, -18.0), (17.0, 16.0, 27.0), -35.0, 70.0, "helices"),
    Domain((74.0, -30.0, 6.0), (14.0, 13.0, 22.0), 140.0, 25.0, "sheets"),
    Domain((18.0, -10.0, 48.0), (13.0, 14.0, 21.0), 110.0, 38.0, "helices"),
)


@cache
def pseudoprotein() -> Specimen:
    """Build the C3 body; always the same atoms."""
    random = np.random.default_rng(20_240_213)
    turn = _about_z(120.0)
    images = [np.linalg.matrix_power(turn, n) for n in range(3)]
    chains = [_fill(domain, images, random) for domain in DOMAINS]
    positions = np.concatenate([atoms for atoms, _ in chains])
    elements = np.concatenate([kinds for _, kinds in chains])
    body = np.concatenate([positions @ image.T for image in images])
    body[:, 2] -= body[:, 2].mean()
    return Specimen("pseudoprotein", "C3", body.astype(np.float32), np.tile(elements, 3))


def _fill(domain: Domain, images: list[Points], random: np.random.Generator) -> tuple[Points, NDArray[np.str_]]:
    """Lay residues along the domain's elements, where this domain is nearer than any other or any symmetric copy."""
    reach = 1.4 * max(domain.semi_axes)
    lay = _lay_helix if domain.fold == "helices" else _lay_strand
    spacing = (10.2, 10.2 * np.sqrt(0.75)) if domain.fold == "helices" else (4.8, 9.0)
    bend = _bending(random)
    rows, columns = int(reach / spacing[1]) + 1, int(reach / spacing[0]) + 1
    residues: list[tuple[Points, str]] = []
    for row in range(-rows, rows + 1):
        for column in range(-columns, columns + 1):
            x = spacing[0] * (column + (0.5 * (row % 2) if domain.fold == "helices" else 0.0))
            residues.extend(lay(np.array([x, spacing[1] * row]), reach, random))
    sizes = [len(kinds) for _, kinds in residues]
    atoms = bend(np.concatenate([residue for residue, _ in residues])) @ domain.frame.T + np.asarray(domain.centre)
    elements = np.array(list("".join(kinds for _, kinds in residues)))
    alpha_carbons = np.cumsum([0, *sizes[:-1]]) + 1
    kept = np.repeat(_belongs(atoms[alpha_carbons], domain, images), sizes)
    return atoms[kept], elements[kept]


def _belongs(points: Points, domain: Domain, images: list[Points]) -> NDArray[np.bool_]:
    """Which points lie in the domain, and deeper there than in any other or any symmetric copy."""
    own = domain.depth(points)
    kept = own <= 1.0
    for image in images:
        for other in DOMAINS:
            if not (other is domain and image is images[0]):
                kept &= other.depth(points @ image.T) > own
    return kept


def _lay_helix(axis: Points, reach: float, random: np.random.Generator) -> list[tuple[Points, str]]:
    """Residues of a right-handed alpha helix along z through `axis`: 1.5 Å and 100° each."""
    start, direction = random.uniform(0.0, 360.0), random.choice([-1.0, 1.0])
    residues = []
    for number in range(int(2.0 * reach / 1.5)):
        # Radii, azimuths and heights of N, CA, C and O in an alpha helix.
        radii = np.array([1.55, 2.29, 1.65, 2.03])
        azimuths = np.radians(start + 100.0 * number + np.array([-27.0, 0.0, 26.0, 25.0]))
        heights = np.array([-0.88, 0.0, 1.10, 2.32]) + 1.5 * number
        backbone = np.stack([radii * np.cos(azimuths), radii * np.sin(azimuths), heights], axis=1)
        outward = np.array([np.cos(azimuths[1]), np.sin(azimuths[1]), -0.4])
        chain, kinds = _side_chain(backbone[1], outward, random)
        residue = np.concatenate([backbone, chain])
        if direction < 0.0:  # half a turn about x keeps the hand
            residue = residue * np.array([1.0, -1.0, -1.0]) + np.array([0.0, 0.0, 2.0 * reach])
        residues.append((residue + np.array([axis[0], axis[1], -reach]), "NCCO" + kinds))
    return residues


def _lay_strand(axis: Points, reach: float, random: np.random.Generator) -> list[tuple[Points, str]]:
    """Residues of a beta strand along z through `axis`: 3.3 Å each, side chains up and down along y in turn."""
    start = random.uniform(0.0, 3.3)
    residues = []
    for number in range(int(2.0 * reach / 3.3)):
        side = 1.0 if number % 2 else -1.0
        backbone = np.array(
            [[0.3, 0.4 * side, -1.15], [0.0, 0.9 * side, 0.0], [-0.3, 0.4 * side, 1.15], [-1.5, 0, 1.3]]
        )
        backbone[:, 2] += 3.3 * number + start
        chain, kinds = _side_chain(backbone[1], np.array([0.0, side, 0.0]), random)
        residue = np.concatenate([backbone, chain])
        residues.append((residue + np.array([axis[0], axis[1], -reach]), "NCCO" + kinds))
    return residues


def _side_chain(root: Points, outward: Points, random: np.random.Generator) -> tuple[Points, str]:
    kinds = SIDE_CHAINS[int(np.searchsorted(np.cumsum(SIDE_CHAIN_SHARES), random.random()))]
    position = root
    atoms = np.empty((len(kinds), 3))
    for number in range(len(kinds)):
        # The first bonds lead outwards, the later ones turn to the side: rings and branches.
        step = outward * (1.0 if number < 2 else 0.3) + random.normal(0.0, 0.3 if number < 2 else 0.8, 3)
        position = position + 1.5 * step / np.linalg.norm(step)
        atoms[number] = position
    return atoms, kinds


def _bending(random: np.random.Generator) -> Callable[[Points], Points]:
    """Make a smooth deformation that bends straight elements by a few Å over some 60 Å."""
    waves = random.normal(0.0, 2.0 * np.pi / 65.0, (4, 3))
    sizes = random.normal(0.0, 1.4, (4, 3))
    phases = random.uniform(0.0, 2.0 * np.pi, 4)

    def bend(points: Points) -> Points:
        return points + np.sin(points @ waves.T + phases) @ sizes

    return bend


def _about_z(degrees: float) -> Points:
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
