"""Publications that protocols ask to be cited, as people and bibliographies want them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

_GIVEN = re.compile(
    r"(?:(?P<text>.*?)[,;.]?\s+)?(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(?P<doi>10\.\d{4,9}/\S+)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Citation:
    """A publication that a protocol asks to be cited.

    Parameters
    ----------
    doi : identifier; empty if the protocol gave none
    text : authors, year and journal, as the protocol gave them; the identifier if it gave no more
    protocols : ids of those that ask for it
    bibtex : an entry for a bibliography; reference managers complete it from the identifier
    """

    doi: str
    text: str
    protocols: tuple[str, ...]
    bibtex: str

    @property
    def address(self) -> str:
        """Where it is found; empty without an identifier."""
        return f"https://doi.org/{quote(self.doi, safe='/:;()')}" if self.doi else ""

    def __str__(self) -> str:
        """For people: authors, year and journal if they are known, and where it is found."""
        told = "" if self.text == self.doi else self.text
        return ", ".join(filter(None, (told, self.address)))


def cited(asked: Iterable[tuple[str, str]]) -> tuple[Citation, ...]:
    """Each publication once, in the order in which they are first asked for.

    Parameters
    ----------
    asked : a publication and the id of the protocol that asks for it. A publication is a DOI, bare or as an address,
        with authors, year and journal before it or not; or any text
    """
    found: dict[str, tuple[str, str]] = {}
    protocols: dict[str, dict[str, None]] = {}
    for given, protocol in asked:
        doi, text = _parted(given.strip())
        key = (doi or text).lower()  # identifiers do not tell capitals apart
        tells_no_more = key in found and (text == doi or found[key][0] != found[key][1])
        if not tells_no_more:
            found[key] = (doi, text)
        protocols.setdefault(key, {})[protocol] = None
    return tuple(_citation(doi, text, tuple(protocols[key])) for key, (doi, text) in found.items())


def _parted(given: str) -> tuple[str, str]:
    """Identifier and text of a publication."""
    parts = _GIVEN.fullmatch(given)
    return (parts["doi"], parts["text"] or parts["doi"]) if parts else ("", given)


def _citation(doi: str, text: str, protocols: tuple[str, ...]) -> Citation:
    fields = {} if text == doi else {"howpublished" if doi else "title": _latex(text)}
    plain = _plain(doi or text)
    key = re.sub(r"[^A-Za-z0-9]+", "_", f"doi_{plain}" if doi else plain)[:64].strip("_")
    unfinished = Citation(doi, text, protocols, "")
    if doi:
        fields |= {"doi": plain, "url": unfinished.address}
    fields["note"] = f"asked for by {_latex(', '.join(protocols))}"
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return Citation(doi, text, protocols, f"@misc{{{key},\n{lines}\n}}")


def _plain(text: str) -> str:
    return re.sub(r"[{}\\]", "", text)


def _latex(text: str) -> str:
    return re.sub(r"([&%$#_])", r"\\\1", _plain(text))
