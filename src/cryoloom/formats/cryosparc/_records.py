"""Records of a .cs file: a NumPy array of named fields, never a pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.durable import AtomicFile
from cryoloom.errors import FormatError, IncompleteFileError
from cryoloom.formats._source import ByteSource

UID = "uid"
_MAGIC = b"\x93NUMPY"
_STREAM_MAGIC = b"\x94CSDAT"
_LARGEST_HEADER = 2**20


def is_cs(beginning: bytes) -> bool:
    """Whether a file that begins like this is a .cs file of either layout, or another NumPy array."""
    return beginning.startswith((_MAGIC, _STREAM_MAGIC))


def read_records(path: Path | str) -> NDArray[Any]:
    """Read a .cs file into a structured array with a field ``uid``.

    Raises
    ------
    FormatError
        If it is none, or holds pickled objects, which could run code and are never loaded.
    IncompleteFileError
        If it is shorter than its header promises.
    """
    with ByteSource(path) as source:
        if source.beginning(6) == _STREAM_MAGIC:
            raise FormatError(
                f"{source.path.name}: this is cryoSPARC's compressed layout; save it as a NumPy array.",
                path=source.path,
            )
        dtype, shape, offset = _header(source)
        if dtype.hasobject:
            raise FormatError(
                f"{source.path.name}: it holds pickled objects, which could run code; it was not loaded.",
                path=source.path,
            )
        if dtype.names is None or UID not in dtype.names or len(shape) != 1 or shape[0] < 0:
            raise FormatError(f"{source.path.name}: it is no table with a column uid.", path=source.path)
        size = shape[0] * dtype.itemsize
        return np.frombuffer(source.read_at(offset, size), dtype, shape[0])


def _header(source: ByteSource) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    beginning = source.beginning(12)
    if not beginning.startswith(_MAGIC):
        raise FormatError(f"{source.path.name}: this is not a .cs file.", path=source.path)
    if len(beginning) < 12:
        raise IncompleteFileError(f"{source.path.name}: its header is not complete.", path=source.path)
    wide = beginning[6] >= 2
    size = int.from_bytes(beginning[8:12] if wide else beginning[8:10], "little")
    if size > _LARGEST_HEADER:
        raise FormatError(f"{source.path.name}: a header of {size} bytes is not possible.", path=source.path)
    offset = 12 if wide else 10
    text = bytes(source.read_at(offset, size))
    try:
        return *_described(text), offset + size
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise FormatError(
            f"{source.path.name}: its header makes no sense; copy the file again.", path=source.path
        ) from error


def _described(text: bytes) -> tuple[np.dtype[Any], tuple[int, ...]]:
    import ast

    header = ast.literal_eval(text.decode("utf-8"))
    shape = tuple(int(length) for length in header["shape"])
    return np.lib.format.descr_to_dtype(header["descr"]), shape


def write_records(path: Path | str, records: NDArray[Any]) -> None:
    """Write a structured array as a .cs file, which appears when it is complete."""
    with AtomicFile(path) as output:
        np.lib.format.write_array(output.file, records, allow_pickle=False)


def joined(records: NDArray[Any], passthrough: NDArray[Any], file: str) -> NDArray[Any]:
    """Records with the further fields of a passthrough file, matched by ``uid``.

    Raises
    ------
    FormatError
        If the passthrough file lacks some of the records.
    """
    order = np.argsort(passthrough[UID], kind="stable")
    places = np.searchsorted(passthrough[UID], records[UID], sorter=order)
    found = order[np.minimum(places, len(order) - 1)] if len(order) else np.zeros(len(records), np.intp)
    missing = int((passthrough[UID][found] != records[UID]).sum()) if len(order) else len(records)
    if missing:
        raise FormatError(f"{file}: it lacks {missing} of {len(records)} uids; give the passthrough file of this job.")
    names = [name for name in passthrough.dtype.names or () if name not in (records.dtype.names or ())]
    fields = [(name, records.dtype[name]) for name in records.dtype.names or ()]
    result = np.empty(len(records), np.dtype([*fields, *((name, passthrough.dtype[name]) for name in names)]))
    for name, _ in fields:
        result[name] = records[name]
    for name in names:
        result[name] = passthrough[name][found]
    return result
