"""Identity: 64-bit digests that are the same wherever and however often the same thing is computed.

A movie is its path below the import root, its size, and its first and last MiB, so that a raw folder that was moved is
recognised. One-to-one steps keep the id. One-to-many steps take the digest of the parent's id and of a discriminator
that belongs to the child itself (a position, never a rank). Zero means *none* and is never drawn.
"""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path

from cryoloom.errors import InputError

MEBIBYTE = 2**20


def digest(purpose: str, *parts: bytes) -> int:
    """The 64-bit BLAKE2b digest of some byte strings, never 0.

    Parameters
    ----------
    purpose : up to 16 ASCII characters; the same bytes digested for another purpose give another number
    parts : their lengths are part of what is digested, so that no two lists run together
    """
    state = hashlib.blake2b(digest_size=8, person=purpose.encode("ascii"))
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return int.from_bytes(state.digest(), "little") or 1


def movie_id(relative_path: str, size: int, first_mib: bytes, last_mib: bytes) -> int:
    """Identity of a movie.

    Parameters
    ----------
    relative_path : below the import root, with forward slashes
    size : of the file, in bytes
    first_mib, last_mib : its first and last 2**20 bytes (all of it, twice, if it is shorter)
    """
    return digest("movie", os.fsencode(relative_path), size.to_bytes(8, "little"), first_mib, last_mib)


def movie_id_of(path: Path, root: Path) -> int:
    """Identity of the movie in a file; reads its first and last MiB.

    Parameters
    ----------
    path : of the movie
    root : the folder that was imported; links are not resolved

    Raises
    ------
    InputError
        If ``path`` does not lie below ``root``.
    """
    relative = os.path.relpath(path, root)
    if relative == os.pardir or relative.startswith(os.pardir + os.sep):
        raise InputError(f"{path} does not lie below the imported folder {root}.", path=path)
    return movie_id(relative.replace(os.sep, "/"), *_size_and_ends(path))


def content_of(path: Path) -> int:
    """What tells copies of a file, wherever they lie: a digest of its size and of its first and last MiB."""
    size, first, last = _size_and_ends(path)
    return digest("content", size.to_bytes(8, "little"), first, last)


def _size_and_ends(path: Path) -> tuple[int, bytes, bytes]:
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        first = stream.read(MEBIBYTE)
        stream.seek(max(0, size - MEBIBYTE))
        return size, first, stream.read(MEBIBYTE)


def child_id(parent_id: int, discriminator: str) -> int:
    """Identity of one of several items made from the same parent.

    Parameters
    ----------
    parent_id : identity of the parent
    discriminator : what tells the child from its siblings, by itself: `quantised_position`, a half-map's name …
    """
    return digest("child", parent_id.to_bytes(8, "little"), discriminator.encode())


def quantised_position(x: float, y: float) -> str:
    """A position to the nearest ¼ px, as a discriminator for `child_id`.

    Parameters
    ----------
    x, y : in pixels of the micrograph
    """
    return f"{math.floor(4 * x + 0.5)},{math.floor(4 * y + 0.5)}"


def half_set_of(original_particle_id: int, salt: str = "") -> int:
    """The half set, 1 or 2, of a particle: drawn once, the same for ever.

    Particles that were extracted again, or expanded by symmetry, ask with the id of the original particle and so stay
    in its half. Each half is as likely as a coin's side.

    Parameters
    ----------
    original_particle_id : identity of the particle as it was first picked
    salt : another salt, another independent draw
    """
    return 1 + digest("half-set", original_particle_id.to_bytes(8, "little"), salt.encode()) % 2
