"""`python -m tests.translations`: bring the catalogs of the pages' words up to date, without gettext's programs; list what lacks words.

Words stand in the templates, in the Python of the apps, and in the refusals of each app's errors.py. Each app has its own catalog, so that
two people who work on two apps do not meet in one file.
"""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

CHECKOUT = Path(__file__).resolve().parents[1]
LANGUAGES = ("nl",)
REFUSING = ("access", "accounts", "transfers")  # apps whose refusals pages show
SHARED = "banksite"  # whose catalog holds the words of templates that belong to no app
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": (2,),
}
Message = str | tuple[str, ...]


def apps() -> list[str]:
    """Return the apps that have words of their own."""
    return ["access", "accounts", "banksite", "headbank", "messaging", "transfers"]


def catalog_file(app: str, language: str) -> Path:
    return CHECKOUT / app / "locale" / language / "LC_MESSAGES" / "django.po"


def found(app: str) -> Catalog:
    """Return a catalog of all the words of an app, without translations."""
    catalog = Catalog(project="Distributed Banking System", charset="utf-8", fuzzy=False)
    for place, message, flags in sorted({*_of_pages(app), *_of_refusals(app)}, key=str):
        catalog.add(message, locations=[(place, 0)], flags=flags)
    return catalog


def updated(app: str, language: str) -> Catalog:
    """Return the app's catalog as its words are now, with the translations there are; one whose words changed loses it."""
    file = catalog_file(app, language)
    catalog = read(file, language) if file.exists() else Catalog(locale=language)
    catalog.update(found(app), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def read(file: Path, language: str) -> Catalog:
    return read_po(io.BytesIO(file.read_bytes()), locale=language)


def untranslated(catalog: Catalog) -> list[str]:
    """Return the words of pages and refusals that have no translation."""
    return [str(message.id) for message in catalog if message.id and not all(_strings(message.string))]


def as_po(catalog: Catalog) -> bytes:
    file = io.BytesIO()
    write_po(file, catalog, width=140, sort_output=True, omit_header=False, include_lineno=False)
    _, _, rest = file.getvalue().decode().partition('msgstr ""\n')
    lines = rest.split("\n")
    kept = [line for line in lines if not line.startswith(('"POT-Creation-Date', '"PO-Revision-Date', '"Last-Translator', '"Generated-By'))]
    return "\n".join(['msgid ""', 'msgstr ""', *kept]).encode()


def as_mo(catalog: Catalog) -> bytes:
    catalog.creation_date = catalog.revision_date = datetime(2000, 1, 1, tzinfo=UTC)  # the same words are the same file
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def main() -> int:
    django.setup()
    lacking = 0
    for app in apps():
        for language in LANGUAGES:
            catalog = updated(app, language)
            if not len(catalog):
                continue
            file = catalog_file(app, language)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(as_po(catalog))
            file.with_suffix(".mo").write_bytes(as_mo(read(file, language)))
            for words in untranslated(catalog):
                lacking += 1
                print(f"{app} {language}: {words}")
    return 1 if lacking else 0


def _of_pages(app: str) -> Iterator[tuple[str, Message, tuple[str, ...]]]:
    """Yield the words in the app's Python and its templates, which Django itself turns into Python first."""
    from django.utils.translation.template import templatize  # noqa: PLC0415  # needs settings

    folders = [CHECKOUT / "templates" / app, CHECKOUT / app / "templates"]
    templates = [file for folder in folders for file in folder.rglob("*.html")]
    if app == SHARED:
        own = {folder for other in apps() for folder in [CHECKOUT / "templates" / other]}
        templates += [file for file in (CHECKOUT / "templates").rglob("*.html") if not own & set(file.parents)]
    for file in sorted(templates):
        name = str(file.relative_to(CHECKOUT))
        python = templatize(file.read_text(), origin=name)
        yield from _extracted(name, "\n".join(line.strip() for line in python.split("\n")))  # a page's indents are none of Python's
    for file in sorted((CHECKOUT / app).rglob("*.py")):
        if not {"tests", "migrations"} & set(file.parts[len(CHECKOUT.parts) :]):
            yield from _extracted(str(file.relative_to(CHECKOUT)), file.read_text())


def _extracted(name: str, text: str) -> Iterator[tuple[str, Message, tuple[str, ...]]]:
    for _, message, _, _ in extract("python", io.BytesIO(text.encode()), keywords=_KEYWORDS):
        words: Message = message if isinstance(message, str) else tuple(message)
        if words:
            yield name, words, ("python-format",) if "%(" in str(words) else ()


def _of_refusals(app: str) -> Iterator[tuple[str, Message, tuple[str, ...]]]:
    from access.errors import DomainError  # noqa: PLC0415  # Django must be set up first

    module = import_module(f"{app}.errors") if app in REFUSING else None
    for kind in vars(module).values() if module else ():
        if isinstance(kind, type) and issubclass(kind, DomainError) and kind.__module__ == f"{app}.errors":
            yield from ((f"{app}/errors.py", text, ()) for text in (kind.title, kind.advice) if text)


def _strings(string: Message | list[str] | None) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, tuple | list) else (string or "",)


if __name__ == "__main__":
    sys.exit(main())
