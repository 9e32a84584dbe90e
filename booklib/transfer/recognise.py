"""Any file that a reader brings: which format it is, told by its content and never by its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from booklib import isbn
from booklib.errors import BadFile
from booklib.transfer import formats, kinds
from booklib.transfer.columns import kept
from booklib.transfer.format import File, Format, Opened
from booklib.transfer.formats import generic
from booklib.transfer.reading import fold_name, opened
from booklib.transfer.sheets import read_workbook
from booklib.transfer.tables import Table, read_table

PROBLEM = "Problem"
"""The first column of the rows that an import has left out; it says why, and is not read."""

UNKNOWN_JSON = (
    "This JSON file is none that is known here. The formats that can be imported are listed in "
    "the help; most programs export CSV too."
)


@cache
def known_formats() -> tuple[Format, ...]:
    """Every format there is, by label; the one for tables of any other make is the last."""
    found = (getattr(module, "FORMAT", None) for module in _modules())
    every = [form for form in found if isinstance(form, Format)]
    return tuple(sorted(every, key=lambda form: (form.name == "generic", form.label.casefold())))


def open_rows(path: Path, name: str, mapping: Mapping[str, str] | None = None) -> Opened:
    """A file as rows of books that can be read any number of times; raises BadFile.

    `name` is what the reader calls the file; nothing is concluded from it. `mapping`: fields (keys
    of generic.FIELDS, or empty for the notes) by column, where the reader has chosen them.
    """
    kind = kinds.kind(path)
    if kind == "json":
        kinds.expect_size(path)
    if kind != "text":
        for file in _files():
            if file.fits(path):
                return file.open(path)
    kinds.expect_size(path)
    if kind == "json":
        raise BadFile(UNKNOWN_JSON)
    return _opened(read_workbook(path) if kind == "zip" else read_table(path), mapping or {})


def _opened(table: Table, mapping: Mapping[str, str]) -> Opened:
    if table.header[0] == PROBLEM and len(table.header) > 1:
        table = table.without_first()
    if form := recognised(table.header, _tables()):
        return opened(
            _mapped(form, mapping),
            table.header,
            table.records,
            remarks=table.remarks,
            day_first=table.day_first,
            signature=signature(table.header),
        )
    if any(_is_isbn(name) for name in table.header):
        table = table.headless()
    fitted = generic.fitted(table.header, table.records, mapping)
    return opened(
        fitted.form,
        table.header,
        table.records,
        remarks=(*table.remarks, *fitted.remarks),
        day_first=table.day_first or fitted.day_first,
        signature=signature(table.header),
        needs_mapping=fitted.needs_mapping,
        fields=fitted.fields,
    )


def _mapped(form: Format, mapping: Mapping[str, str]) -> Format:
    wanted = {name: generic.FIELDS.get(field) or kept(name) for name, field in mapping.items()}
    return replace(form, columns={**form.columns, **wanted})


def recognised(header: tuple[str, ...], forms: Iterable[Format]) -> Format | None:
    """The format whose needed columns are all there; of several the one that needs most."""
    names = {fold_name(name) for name in header}

    def fits(form: Format) -> bool:
        known = names | {
            fold_name(own) for alias, own in form.aliases.items() if fold_name(alias) in names
        }
        return bool(form.needs) and {fold_name(name) for name in form.needs} <= known

    return max(
        (form for form in forms if fits(form)),
        key=lambda form: (len(form.needs), len(names & {fold_name(name) for name in form.columns})),
        default=None,
    )


def signature(header: tuple[str, ...]) -> str:
    """The same text for every file with these columns in this order."""
    return sha256("\n".join(fold_name(name) for name in header).encode()).hexdigest()[:32]


def _is_isbn(name: str) -> bool:
    try:
        return len(name) < 30 and name[:1].isdigit() and bool(isbn.parse(name))
    except isbn.IsbnError:
        return False


def _modules() -> Iterator[object]:
    for module in iter_modules(formats.__path__):
        yield import_module(f"{formats.__name__}.{module.name}")


@cache
def _files() -> tuple[File, ...]:
    found = (getattr(module, "FILE", None) for module in _modules())
    return tuple(file for file in found if isinstance(file, File))


@cache
def _tables() -> tuple[Format, ...]:
    found = (getattr(one, "FORMAT", None) for one in _modules() if not hasattr(one, "FILE"))
    return tuple(form for form in found if isinstance(form, Format))
