"""The image as the Dockerfile describes it: the files it copies, the packages it installs, and what it runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text().replace("\\\n", " ")
STAGE = DOCKERFILE.rsplit("\nFROM ", 1)[1]  # the last one is what runs
PACKAGED = re.findall(r"^([a-z0-9._-]+)==", (CHECKOUT / "requirements.txt").read_text(), flags=re.MULTILINE | re.IGNORECASE)


def copies() -> list[tuple[str, str]]:
    """Return what is copied from the checkout, and to where."""
    return re.findall(r"^COPY (?!--)(\S+) (\S+)$", STAGE, flags=re.MULTILINE)


def command() -> list[str]:
    """Return what a container runs when it is told nothing else."""
    [words] = re.findall(r"^CMD (\[.*\])$", STAGE, flags=re.MULTILINE)
    return _words(words)


def health_check() -> list[str]:
    """Return the command that tells whether a container is well."""
    [words] = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", STAGE, flags=re.MULTILINE)
    return _words(words)


def build(*, into: Path) -> Path:
    """Make the image's work folder, with the static files in it, and return it.

    Beside it lies `bin`, whose python sees the packages of requirements.txt alone.
    """
    folder = into / "bank"
    for source, target in copies():
        whole = CHECKOUT / source
        for file in sorted(_files(whole)):
            copied = folder / target / file.relative_to(whole if whole.is_dir() else whole.parent)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copied)
    _install(into / "packages")
    _write_programs(into / "bin", packages=into / "packages")
    subprocess.run(["sh", "-ec", _static_files()], cwd=folder, env=environment(of=into), timeout=300, check=True)
    return folder


def environment(*, of: Path) -> dict[str, str]:
    """Return the environment of a process in the image built there, without anything of ours."""
    return {"PATH": f"{of / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def is_sent(path: str) -> bool:
    """Return whether .dockerignore lets a file of the checkout through to the builder; the last line that fits it decides."""
    names = [path, *(str(parent) for parent in Path(path).parents)]
    sent = True
    for negated, pattern in _ignored():
        if any(pattern.fullmatch(name) for name in names):
            sent = negated
    return sent


def _static_files() -> str:
    """Return the shell command that collects them."""
    [line] = re.findall(r"^RUN (.*collectstatic.*)$", STAGE, flags=re.MULTILINE)
    return str(line)


def _words(text: str) -> list[str]:
    return [str(word) for word in json.loads(text)]


def _files(source: Path) -> Iterator[Path]:
    for folder, inner, names in os.walk(source) if source.is_dir() else [(str(source.parent), [], [source.name])]:
        inner[:] = [name for name in inner if is_sent(str((Path(folder) / name).relative_to(CHECKOUT)))]
        yield from (Path(folder) / name for name in names if is_sent(str((Path(folder) / name).relative_to(CHECKOUT))))


@cache
def _ignored() -> list[tuple[bool, re.Pattern[str]]]:
    lines = [line.strip() for line in (CHECKOUT / ".dockerignore").read_text().splitlines()]
    return [(line.startswith("!"), _pattern(line.removeprefix("!"))) for line in lines if line and not line.startswith("#")]


def _pattern(text: str) -> re.Pattern[str]:
    parts = {"**/": r"(?:.*/)?", "*": "[^/]*"}
    return re.compile("".join(parts.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*)", text)))


def _install(packages: Path) -> None:
    """Link what requirements.txt names, and nothing that it forgot."""
    packages.mkdir(parents=True)
    for name in PACKAGED:
        if name == "brotli":
            continue  # whitenoise does without, and presses static files a minute sooner
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or () if file.parts[0] not in {"..", "__pycache__"}}:
            if not (packages / top).exists():
                (packages / top).symlink_to(Path(str(distribution.locate_file(top))))


def _write_programs(folder: Path, *, packages: Path) -> None:
    folder.mkdir()
    python = f'#!/bin/sh\nPYTHONPATH="{packages}" exec "{sys.executable}" -S'  # -S: no packages but those
    for name, words in {"python": '"$@"', "gunicorn": '-m gunicorn "$@"'}.items():
        (folder / name).write_text(f"{python} {words}\n")
        (folder / name).chmod(0o755)
