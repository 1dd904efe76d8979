"""The words of the pages in every language: all there, and compiled."""

import pytest

from tests import translations

CATALOGS = [
    (app, language) for app in translations.apps() for language in translations.LANGUAGES if len(translations.updated(app, language))
]


@pytest.mark.parametrize(("app", "language"), CATALOGS)
class TestACatalog:
    def test_has_every_word_of_the_pages(self, app: str, language: str) -> None:
        assert translations.untranslated(translations.updated(app, language)) == [], "run make translations, and say these in the .po file"

    def test_is_compiled(self, app: str, language: str) -> None:
        file = translations.catalog_file(app, language)

        assert translations.as_mo(translations.read(file, language)) == file.with_suffix(".mo").read_bytes(), "run make translations"
