"""The image: starts with the files it copies and the packages it installs, and carries nothing else."""

import os
import subprocess
from importlib.util import cache_from_source
from pathlib import Path
from secrets import token_urlsafe

import pytest

from messaging.signing import create_key_file
from tests.deploy import image, kubernetes

NAMED = {"SECRET_KEY": "x" * 50, "BANK_CODE": "BNKA", "BANK_NAME": "Bank A", "ENV_FILE": os.devnull}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the work folder of the image."""
    return image.build(into=tmp_path_factory.mktemp("image"))


def run(*words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = image.environment(of=folder.parent) | variables
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)


class TestTheSettingsForProduction:
    @pytest.mark.parametrize("bank", kubernetes.BANKS)
    def test_give_nothing_to_warn_of(self, built: Path, bank: str, tmp_path: Path) -> None:
        shipped = kubernetes.of_kind(kubernetes.things(kubernetes.FOLDER / bank), "ConfigMap")["bank"]["data"]
        keys = {name: str(tmp_path / name) for name in ("MESSAGE_KEY_FILE", "TOKEN_KEY_FILE")}
        for file in keys.values():
            create_key_file(file=Path(file))
        secrets = {
            "SECRET_KEY": token_urlsafe(48),
            "KAFKA_SASL_PASSWORD": "secret",
            "DATABASE_URL": "postgresql://bank:secret@database:5432/bank",
        }

        done = run("python", "manage.py", "check", "--deploy", "--fail-level", "WARNING", folder=built, **NAMED | shipped | secrets | keys)

        assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr


class TestTheImage:
    def test_starts_with_its_files_and_packages_alone(self, built: Path) -> None:
        done = run("python", "manage.py", "check", "--fail-level", "WARNING", folder=built, **NAMED)

        assert done.returncode == 0, done.stderr

    def test_has_every_command_a_bank_needs(self, built: Path) -> None:
        needed = ["migrate", "open_bank", "relay_outbox", "consume_transfers", "housekeep", "check_books", "import_payments", "seed_demo"]

        for command in needed:
            done = run("python", "manage.py", command, "--help", folder=built, **NAMED)
            assert done.returncode == 0, done.stderr

    def test_keeps_its_static_files_under_names_that_change_with_them(self, built: Path) -> None:
        assert (built / "staticfiles" / "staticfiles.json").is_file()

    def test_carries_neither_tests_nor_secrets_nor_state(self, built: Path) -> None:
        carried = {str(file.relative_to(built)) for file in built.rglob("*")}

        assert not [name for name in carried if "/tests" in name or name.endswith((".env", ".key", ".sqlite3"))]
        assert not carried & {".git", ".env", ".demo", ".venv", "banksite/demo", "banksite/machine"}

    def test_carries_every_module_compiled_because_no_process_can_write_there(self, built: Path) -> None:
        modules = {file for file in built.rglob("*.py") if "staticfiles" not in file.parts}
        compiled = {file for file in built.rglob("*.pyc") if "staticfiles" not in file.parts}

        assert modules
        assert compiled == {Path(cache_from_source(file)) for file in modules}

    def test_never_sees_a_package_that_is_not_asked_for(self, built: Path) -> None:
        done = run("python", "-c", "import pytest", folder=built)

        assert "No module named 'pytest'" in done.stderr

    def test_copies_every_app_and_what_its_pages_are_made_of(self) -> None:
        apps = {path.parent.name for path in image.CHECKOUT.glob("*/apps.py")}

        assert apps | {"static", "templates"} <= {source for source, _ in image.copies()}

    def test_runs_as_nobody_in_particular_with_no_compiler(self) -> None:
        assert "\nUSER bank\n" in image.STAGE
        assert "--only-binary=:all:" in image.DOCKERFILE
        assert "apt-get" not in image.DOCKERFILE
