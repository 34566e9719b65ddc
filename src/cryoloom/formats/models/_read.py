"""Atomic models out of PDB and mmCIF files, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError, NotFoundError
from cryoloom.formats._source import ByteSource

if TYPE_CHECKING:
    import gemmi

_LARGEST = 2 * 2**30
_ASCII = bytes(range(128)) + b"?" * 128  # keeps the columns of a PDB file where they are


@dataclass(frozen=True)
class Assembly:
    """A biological assembly: copies of some chains.

    Parameters
    ----------
    name : as the file calls it
    chains : names of the chains that are copied; empty for all
    operators : (n, 3, 4) rotations and, in the last column, translations in Å
    """

    name: str
    chains: tuple[str, ...]
    operators: NDArray[np.float64]


@dataclass(frozen=True)
class AtomicModel:
    """The atoms of a structure.

    Parameters
    ----------
    name : of the entry
    positions : (n, 3) x, y, z in Å
    elements : (n,) atomic numbers; 0 if not known
    chains : (n,) names
    residues : (n,) numbers of the residues in their chains
    b_factors : (n,) in Å²
    occupancies : (n,) 0 to 1
    assemblies : the biological assemblies that the file describes
    """

    name: str
    positions: NDArray[np.float64]
    elements: NDArray[np.uint8]
    chains: NDArray[np.str_]
    residues: NDArray[np.int32]
    b_factors: NDArray[np.float32]
    occupancies: NDArray[np.float32]
    assemblies: tuple[Assembly, ...] = ()

    def __len__(self) -> int:
        return len(self.positions)

    def assembled(self, name: str | None = None) -> AtomicModel:
        """The atoms of a biological assembly; chains of copies after the first get names like ``A-2``.

        Parameters
        ----------
        name : of the assembly; None takes the first, and the model itself if there is none

        Raises
        ------
        NotFoundError
            If there is no assembly of that name.
        """
        if name is None and not self.assemblies:
            return self
        name = self.assemblies[0].name if name is None else name
        parts = [assembly for assembly in self.assemblies if assembly.name == name]
        if not parts:
            known = ", ".join(dict.fromkeys(assembly.name for assembly in self.assemblies)) or "none"
            raise NotFoundError(f"{self.name} has no assembly {name!r}; it has {known}.")
        return _joined([self._copied(part, number) for part in parts for number in range(len(part.operators))])

    def _copied(self, assembly: Assembly, number: int) -> AtomicModel:
        chosen = np.isin(self.chains, assembly.chains) if assembly.chains else np.ones(len(self), bool)
        operator = assembly.operators[number]
        names = self.chains[chosen]
        return replace(
            self,
            positions=self.positions[chosen] @ operator[:, :3].T + operator[:, 3],
            elements=self.elements[chosen],
            chains=names if number == 0 else np.char.add(names, f"-{number + 1}"),
            residues=self.residues[chosen],
            b_factors=self.b_factors[chosen],
            occupancies=self.occupancies[chosen],
            assemblies=(),
        )


def _joined(models: list[AtomicModel]) -> AtomicModel:
    def all_of(field: str) -> NDArray[Any]:
        return np.concatenate([getattr(model, field) for model in models])

    return replace(
        models[0],
        positions=all_of("positions"),
        elements=all_of("elements"),
        chains=all_of("chains"),
        residues=all_of("residues"),
        b_factors=all_of("b_factors"),
        occupancies=all_of("occupancies"),
    )


def read_model(path: Path | str) -> AtomicModel:
    """Read the first model of a PDB or mmCIF file, plain or compressed, with all its atoms.

    Parameters
    ----------
    path : the file; its content decides which of the two it is

    Raises
    ------
    FormatError
        If it is neither, or holds no atoms.
    """
    import gemmi

    path = Path(path)
    with ByteSource(path) as source:
        text = source.all_text(_LARGEST)
    try:
        if is_mmcif(text):
            structure = gemmi.make_structure_from_block(gemmi.cif.read_string(text.translate(_ASCII))[0])
        else:
            structure = gemmi.read_pdb_string(text.translate(_ASCII))
    except (RuntimeError, ValueError, IndexError) as error:
        raise FormatError(f"{path.name}: this is no PDB or mmCIF file ({error}).", path=path) from error
    if structure.name in ("", "string"):
        structure.name = path.name.split(".")[0]
    if len(structure) == 0 or structure[0].count_atom_sites() == 0:
        raise FormatError(f"{path.name}: it holds no atoms.", path=path)
    return _as_arrays(structure)


def is_mmcif(text: bytes) -> bool:
    """Whether a text is mmCIF, by its first word that is not a comment."""
    for line in text[: 2**16].splitlines():
        if line.strip() and not line.startswith(b"#"):
            return line.lower().startswith(b"data_")
    return False


def _as_arrays(structure: gemmi.Structure) -> AtomicModel:
    atoms = [
        (chain.name, residue.seqid.num or 0, atom) for chain in structure[0] for residue in chain for atom in residue
    ]
    positions = np.array([atom.pos.tolist() for _, _, atom in atoms], np.float64)
    if not np.isfinite(positions).all():
        raise FormatError(f"{structure.name}: some positions of atoms are not finite numbers.")
    return AtomicModel(
        name=structure.name,
        positions=positions,
        elements=np.array([atom.element.atomic_number for _, _, atom in atoms], np.uint8),
        chains=np.array([chain for chain, _, _ in atoms]),
        residues=np.array([number for _, number, _ in atoms], np.int32),
        b_factors=np.array([atom.b_iso for _, _, atom in atoms], np.float32),
        occupancies=np.array([atom.occ for _, _, atom in atoms], np.float32),
        assemblies=tuple(_assemblies(structure)),
    )


def _assemblies(structure: gemmi.Structure) -> list[Assembly]:
    found = []
    for assembly in structure.assemblies:
        for generator in assembly.generators:
            operators = [
                np.column_stack([np.array(operator.transform.mat.tolist()), operator.transform.vec.tolist()])
                for operator in generator.operators
            ]
            chains = tuple(generator.chains) or _chains_of(structure, generator.subchains)
            found.append(Assembly(assembly.name, chains, np.array(operators).reshape(-1, 3, 4)))
    return found


def _chains_of(structure: gemmi.Structure, subchains: list[str]) -> tuple[str, ...]:
    """MmCIF names assemblies by the labels of subchains; chains here have the names that authors gave them."""
    wanted = set(subchains)
    names = {chain.name: None for chain in structure[0] for residue in chain if residue.subchain in wanted}
    return tuple(names)
