"""Asking the catalogues in their order and putting their answers together, field by field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from booklib.errors import CatalogueError, QuotaSpent, Refused, TryLater, Unreadable
from booklib.models import Fields, Source, Value
from booklib.models.folding import fold
from booklib.ports import World

WANTED = ("authors", "publisher", "published", "page_count", "cover", "description")
"""An answer without one of these is thin: the next catalogue is asked as well."""

EMPTY: Fields = MappingProxyType({})

_IN_WORDS = {
    "authors": "author",
    "publisher": "publisher",
    "published": "date of publication",
    "page_count": "number of pages",
    "cover": "cover",
    "description": "description",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What all catalogues together say of one edition; without a title nobody knows it."""

    fields: Fields = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    faults: Mapping[str, CatalogueError] = field(default_factory=dict)
    """Why a catalogue gave no answer, by its name."""

    @property
    def known(self) -> bool:
        """Whether any catalogue knows the edition."""
        return bool(self.fields.get("title"))

    @property
    def unheard(self) -> dict[str, TryLater]:
        """Who may still fill a gap: the catalogues whose fault passes, where one is left."""
        if not missing(self.fields):
            return {}
        return {name: fault for name, fault in self.faults.items() if isinstance(fault, TryLater)}


async def ask(
    world: World,
    isbn: str | None,
    edition: str | None,
    known: Fields = EMPTY,
    among: Collection[str] | None = None,
) -> Answer:
    """Ask one catalogue after the other until nothing wanted is missing; the earlier one wins.

    An edition is asked for by its ISBN, else by its provider's id; never by its title, which
    brings the wrong book sooner or later. `known` is not asked for again; `among` are the names
    of the catalogues to ask, None for all.
    """
    fields: dict[str, Value] = dict(known)
    sources: dict[str, Source] = {}
    faults: dict[str, CatalogueError] = {}
    for catalogue in world.catalogues:
        if among is not None and catalogue.name not in among:
            continue
        try:
            if isbn:
                found = await catalogue.by_isbn(isbn)
            else:
                found = await catalogue.by_edition(edition or "")
        except CatalogueError as fault:
            faults[catalogue.name] = fault
            continue
        if found is None:
            continue
        source = Source(catalogue.name, world.now())
        for name, value in completion(fields, found.fields).items():
            fields[name] = value
            sources[name] = source
        if not missing(fields):
            break
    return Answer(fields=fields, sources=sources, faults=faults)


def completion(known: Fields, more: Fields) -> Fields:
    """What `more` adds to `known`. A subtitle belongs to its title: no other one's is added."""
    new = {name: value for name, value in more.items() if value and not known.get(name)}
    if known.get("title") and fold(str(known["title"])) != fold(str(more.get("title", ""))):
        new.pop("subtitle", None)
    return new


def missing(fields: Fields) -> list[str]:
    """The wanted fields that nobody filled."""
    return [name for name in WANTED if not fields.get(name)]


def thin_note(fields: Fields, faults: Mapping[str, CatalogueError]) -> str:
    """A sentence about what is missing and why; empty where nothing is."""
    gaps = [_IN_WORDS[name] for name in missing(fields)]
    if not gaps:
        return ""
    listed = gaps[0] if len(gaps) == 1 else ", ".join(gaps[:-1]) + " or " + gaps[-1]
    reasons = reason_of(faults.values())
    return f"The catalogues that answered know no {listed}.{' ' if reasons else ''}{reasons}"


def reason_of(faults: Collection[CatalogueError]) -> str:
    """The reasons of several faults, each said once."""
    return " ".join(dict.fromkeys(fault.reason for fault in faults))


def common_fault(faults: Collection[CatalogueError]) -> CatalogueError | None:
    """What several faults come to where nobody found the book: what passes soonest counts."""
    if not faults:
        return None
    reason = reason_of(faults)
    spent = [fault for fault in faults if isinstance(fault, QuotaSpent)]
    passing = [fault for fault in faults if isinstance(fault, TryLater) and fault not in spent]
    if passing:
        ends = [fault.at for fault in passing if fault.at]
        return TryLater(reason, min(ends) if len(ends) == len(passing) else None)
    if spent:
        return QuotaSpent(reason, min((fault.at for fault in spent if fault.at), default=None))
    if any(isinstance(fault, Unreadable) for fault in faults):
        return Unreadable(reason)
    return Refused(reason)
