"""Numbers of items in sentences."""

from __future__ import annotations

_KINDS_IN_WORDS = {"classes2d": "2D classes", "classes3d": "3D classes"}


def counted(count: int, items: str) -> str:
    """A number of items as one says it: ``1 movie``, ``3 movies``.

    Parameters
    ----------
    count : how many
    items : what they are, in the plural with s, or a kind of item
    """
    many = _KINDS_IN_WORDS.get(items, items)
    one = many.replace("classes", "class") if "classes" in many else many.removesuffix("s")
    return f"{count} {one if count == 1 else many}"


def counted_were(count: int, items: str) -> str:
    """The beginning of a sentence of what was done with a number of items: ``1 movie was``, ``3 movies were``.

    Parameters
    ----------
    count : how many
    items : what they are, in the plural with s
    """
    return f"{counted(count, items)} {'was' if count == 1 else 'were'}"
