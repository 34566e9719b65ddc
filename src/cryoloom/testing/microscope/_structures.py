"""Specimens from atomic models: T20S proteasome, apoferritin, GroEL, and a C3 body built from their chains."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import InputError, NotFoundError, ParameterError
from cryoloom.testing.microscope._pseudoprotein import pseudoprotein
from cryoloom.testing.microscope._specimen import Specimen
from cryoloom.testing.microscope._symmetry import frame_of, group_operators, superpose

MODELS = {
    "t20s": ("3j9i.pdb.gz", "D7"),
    "apoferritin": ("4v1w.cif.gz", "O"),
    "groel": ("1oel.pdb.gz", "D7"),
}
"""Specimens that are whole models: file and point group."""

FILES = {"3j9i": "3j9i.pdb.gz", "4v1w": "4v1w.cif.gz", "1oel": "1oel.pdb.gz"}

SPECIMENS = ("pseudoprotein", *MODELS, "c3-body")


def load_specimen(name: str, structures: Path | str | None = None) -> Specimen:
    """Load a specimen by its name.

    Parameters
    ----------
    name : one of :data:`SPECIMENS`
    structures : folder with the atomic models; ``pseudoprotein`` needs none

    Raises
    ------
    ParameterError
        If no specimen has that name, or a folder is needed and not given.
    NotFoundError
        If the folder lacks a model.
    """
    if name == "pseudoprotein":
        return pseudoprotein()
    if name not in SPECIMENS:
        raise ParameterError(f"There is no specimen {name!r}: choose one of {', '.join(SPECIMENS)}.")
    if structures is None:
        raise ParameterError(f"The specimen {name!r} needs the folder with its atomic model; pseudoprotein needs none.")
    if name == "c3-body":
        return _build_body(Path(structures))
    file, symmetry = MODELS[name]
    return _load_whole(name, Path(structures) / file, symmetry)


def _load_whole(name: str, file: Path, symmetry: str) -> Specimen:
    """Read a model, its whole assembly, turned and centred on the axes of its point group."""
    import gemmi

    structure = _read(file)
    model = structure[0]
    assembly = structure.assemblies[0]
    if any(len(generator.operators) > 1 for generator in assembly.generators):
        model = gemmi.make_assembly(assembly, model, gemmi.HowToNameCopiedChain.AddNumber)
    chains = [_protein(chain) for chain in model]
    kinds = _equal_chains(chains)
    # The ideal frame is that of all copies together; a copy of each kind, repeated ideally, makes the specimen, because
    # chains that were refined one by one differ by too much for one map under all operators.
    rotations = [superpose(kinds[0][0].alpha_carbons(), chain.alpha_carbons()) for chain in kinds[0]]
    operators = group_operators(symmetry)
    if any(len(kind) != len(operators) for kind in kinds):
        raise InputError(f"{file.name}: the numbers of equal chains do not fit the symmetry {symmetry}.", path=file)
    frame = frame_of(np.array(rotations), symmetry)
    centre = np.mean([chain.alpha_carbons().mean(axis=0) for kind in kinds for chain in kind], axis=0)
    unit = np.concatenate([kind[0].positions for kind in kinds])
    unit = (unit - centre) @ frame.T
    elements = np.concatenate([kind[0].elements for kind in kinds])
    positions = np.concatenate([unit @ operator.T for operator in operators])
    return Specimen(name, symmetry, positions.astype(np.float32), np.tile(elements, len(operators)))


def _build_body(structures: Path) -> Specimen:
    """Assemble the C3 body from its recipe, and make sure that it is the one that was frozen."""
    recipe = json.loads(files(__package__).joinpath("c3_body.json").read_text(encoding="utf-8"))
    models = {name: _read(structures / FILES[name])[0] for name in {part["structure"] for part in recipe["parts"]}}
    operators = group_operators(recipe["symmetry"])
    positions: list[NDArray[np.float64]] = []
    elements: list[NDArray[np.str_]] = []
    for part in recipe["parts"]:
        chain = _protein(models[part["structure"]][part["chain"]])
        centred = chain.positions - chain.positions.mean(axis=0)
        placed = centred @ np.array(part["rotation"]).T + np.array(part["translation"])
        positions.extend(placed @ operator.T for operator in operators)
        elements.extend([chain.elements] * len(operators))
    body = np.concatenate(positions)
    body[:, 2] -= body[:, 2].mean()
    specimen = Specimen("c3-body", recipe["symmetry"], body.astype(np.float32), np.concatenate(elements))
    digest = coordinate_digest(specimen)
    if digest != recipe["sha256"]:
        raise InputError(f"{structures}: the models give another C3 body ({digest[:12]}) than the frozen one.")
    return specimen


def coordinate_digest(specimen: Specimen) -> str:
    """SHA-256 of the atoms' coordinates in tenths of an ångström, as whole numbers."""
    return hashlib.sha256(np.round(10.0 * specimen.positions).astype("<i4").tobytes()).hexdigest()


@dataclass(frozen=True)
class _Chain:
    """The amino acids of a chain: atoms' positions (n, 3) in Å and symbols (n,), and where its C-alpha atoms are."""

    positions: NDArray[np.float64]
    elements: NDArray[np.str_]
    backbone: dict[tuple[int, str], int]

    def alpha_carbons(self) -> NDArray[np.float64]:
        """Positions (n, 3) of the C-alpha atoms."""
        return np.asarray(self.positions[list(self.backbone.values())])


def _read(file: Path) -> Any:
    import gemmi

    if not file.is_file():
        raise NotFoundError(f"{file} does not exist: name the folder that holds the atomic models.", path=file)
    return gemmi.read_structure(str(file))


def _protein(chain: Any) -> _Chain:
    """Take a chain's amino acids, without hydrogens and second places."""
    import gemmi

    positions: list[tuple[float, float, float]] = []
    elements: list[str] = []
    backbone: dict[tuple[int, str], int] = {}
    for residue in chain:
        if not gemmi.find_tabulated_residue(residue.name).is_amino_acid():
            continue
        for atom in residue:
            if atom.altloc not in ("\0", "A") or atom.element.is_hydrogen:
                continue
            if atom.name == "CA":
                backbone[residue.seqid.num, residue.name] = len(positions)
            positions.append((atom.pos.x, atom.pos.y, atom.pos.z))
            elements.append(atom.element.name)
    return _Chain(np.array(positions), np.array(elements), backbone)


def _equal_chains(chains: list[_Chain]) -> list[list[_Chain]]:
    """Gather chains of the same sequence, in the order in which they first occur."""
    kinds: dict[tuple[tuple[int, str], ...], list[_Chain]] = {}
    for chain in chains:
        kinds.setdefault(tuple(chain.backbone), []).append(chain)
    return list(kinds.values())
