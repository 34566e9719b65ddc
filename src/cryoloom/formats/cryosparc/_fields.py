"""Between the fields of a record and columns."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryoloom.errors import FormatError, ParameterError

_TEXT, _WHOLE, _NUMBER = "SU", "iu", "f"
_KNOWN: dict[str, tuple[str, tuple[int, ...]]] = {
    "uid": (_WHOLE, ()),
    **{f"{blob}/path": (_TEXT, ()) for blob in ("blob", "micrograph_blob")},
    **{f"{blob}/shape": (_WHOLE, (2,)) for blob in ("blob", "micrograph_blob")},
    **{f"{blob}/psize_A": (_NUMBER, ()) for blob in ("blob", "micrograph_blob")},
    "blob/idx": (_WHOLE, ()),
    "blob/sign": (_NUMBER, ()),
    **{f"ctf/{name}": (_NUMBER, ()) for name in ("accel_kv", "cs_mm", "amp_contrast", "df1_A", "df2_A")},
    **{f"ctf/{name}": (_NUMBER, ()) for name in ("df_angle_rad", "phase_shift_rad")},
    **{f"mscope_params/{name}": (_NUMBER, ()) for name in ("accel_kv", "cs_mm")},
    **{f"{group}/exp_group_id": (_WHOLE, ()) for group in ("ctf", "mscope_params")},
    "alignments3D/pose": (_NUMBER, (3,)),
    "alignments3D/shift": (_NUMBER, (2,)),
    **{f"alignments3D/{name}": (_NUMBER, ()) for name in ("psize_A", "alpha")},
    **{f"alignments3D/{name}": (_WHOLE, ()) for name in ("split", "class")},
    "alignments2D/class": (_WHOLE, ()),
    "location/micrograph_uid": (_WHOLE, ()),
    "location/micrograph_path": (_TEXT, ()),
    "location/micrograph_shape": (_WHOLE, (2,)),
    **{f"location/center_{axis}_frac": (_NUMBER, ()) for axis in "xy"},
}


def check_fields(records: NDArray[Any], file: str) -> None:
    """Check that the fields whose meaning is known have the types that they must have, and finite values.

    Raises
    ------
    FormatError
        Naming the first that has not.
    """
    for name in records.dtype.names or ():
        kinds, shape = _KNOWN.get(name, ("", ()))
        values = records[name]
        if kinds and (values.dtype.kind not in kinds or values.shape[1:] != shape):
            raise FormatError(f"{file}: the field {name} is of type {records.dtype[name]}, which it cannot be.")
        if kinds == _NUMBER and not np.isfinite(values).all():
            raise FormatError(f"{file}: the field {name} holds numbers that are not finite.")


def float64(values: NDArray[Any]) -> NDArray[np.float64]:
    """Single-precision numbers as the decimal ones they came from, to seven digits: 2.7, not 2.700000047."""
    numbers = values.astype(np.float64)
    scale = 10.0 ** (6 - np.floor(np.log10(np.abs(numbers), where=numbers != 0, out=np.zeros_like(numbers))))
    return np.round(numbers * scale) / scale


def text_of(values: NDArray[Any], file: str) -> pl.Series:
    """A field of bytes as text.

    Raises
    ------
    FormatError
        If it is not UTF-8.
    """
    distinct, places = np.unique(values, return_inverse=True)
    try:
        words = np.array([name.decode() if isinstance(name, bytes) else str(name) for name in distinct], object)
    except UnicodeDecodeError as error:
        raise FormatError(f"{file}: a name in it is not UTF-8 ({error.reason}).") from error
    return pl.Series(words[places].tolist(), dtype=pl.String)


def other_fields(records: NDArray[Any], translated: Container[str], file: str) -> list[pl.Series]:
    """The fields that have no equal, as columns of the same name that a set can hold."""
    columns = []
    for name in records.dtype.names or ():
        if name in translated:
            continue
        values = records[name]
        if values.dtype.kind in "SU":
            columns.append(text_of(values, file).alias(name))
        elif values.dtype.kind in "iufb" and values.ndim <= 2:
            columns.append(_numbers(name, values))
    return columns


def _numbers(name: str, values: NDArray[Any]) -> pl.Series:
    kind = values.dtype.kind
    wide = np.float64 if kind == "f" else np.uint64 if values.dtype == np.uint64 else np.int64
    values = np.ascontiguousarray(values, values.dtype if kind == "b" else wide)
    if values.ndim == 1:
        return pl.Series(name, values)
    return pl.Series(name, values.tolist(), dtype=pl.List(pl.Series(values[:0, 0]).dtype))


def field_of(column: pl.Series) -> NDArray[Any]:
    """A column as a field of cryoSPARC's types.

    Raises
    ------
    ParameterError
        If lists in it differ in length, or a value is missing.
    """
    if column.null_count():
        raise ParameterError(f"The column {column.name} is not known for all items; cryoSPARC needs it for all.")
    if column.dtype == pl.String:
        return np.array([word.encode() for word in column], "S")
    if not isinstance(column.dtype, pl.List):
        return _narrow(column.to_numpy())
    lengths = column.list.len().unique()
    if len(lengths) > 1:
        raise ParameterError(f"The lists in the column {column.name} differ in length; cryoSPARC cannot hold them.")
    return _narrow(np.array(column.to_list()).reshape(len(column), -1))


def _narrow(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    if values.dtype == np.int64 and values.size and values.min() >= 0 and values.max() < 2**32:
        return values.astype(np.uint32)
    return values
