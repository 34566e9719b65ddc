"""A refinement whose trust page cannot be made, and which is kept all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.errors import CryoloomError, InputError
from cryoloom.protocols.trust._figures import NOT_TO_BE_JUDGED, Headline

if TYPE_CHECKING:
    from cryoloom.protocols.refined import Refined

PAGE_FAULTS = (InputError, ArithmeticError, LookupError, ValueError)
"""What the page may fail by when its figures do not exist for these maps; not a full disk, nor too little memory."""


def headline_without_page(result: Refined, fault: Exception) -> Headline:
    """What is told of a refinement of which nothing but the correlation of the half maps is known.

    Parameters
    ----------
    result : of the refinement
    fault : one of `PAGE_FAULTS`
    """
    why = str(fault) if isinstance(fault, CryoloomError) else f"{type(fault).__name__}: {fault}."
    if result.resolution is not None:
        found = f"{result.resolution:.2f} Å by the half maps"
    elif result.can_judge:
        found = "No evidence of signal"
    else:
        found = f"{NOT_TO_BE_JUDGED[0].upper()}{NOT_TO_BE_JUDGED[1:]}"
    return Headline(
        result.resolution,
        f"{found}, which nothing has checked, since the trust page could not be made. The maps are kept. {why}",
    )
