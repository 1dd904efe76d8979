"""deploy/kubernetes as `kubectl apply -k` would send it; the few things of Kustomize that our files use, done in its order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.image import CHECKOUT

FOLDER = CHECKOUT / "deploy/kubernetes"
BANKS = {"head": "HEAD", "bnka": "BNKA", "bnkb": "BNKB"}
KNOWN = {"apiVersion", "kind", "resources", "namespace", "patches", "images"}
Thing = dict[str, Any]


def things(folder: Path) -> list[Thing]:
    """Return everything a folder stands for: what it takes in, patched, with its images and in its namespace."""
    said = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert said.keys() <= KNOWN, f"{folder.name} uses what these tests do not know: {said.keys() - KNOWN}"
    found = [thing for name in said["resources"] for thing in _taken_in(folder / name)]
    for patch in (each for entry in said.get("patches", ()) for each in _documents(folder / entry["path"])):
        [patched] = [thing for thing in found if _name(thing) == _name(patch)]
        _merge(patched, patch)
    for image in said.get("images", ()):
        for container in containers(found):
            if container["image"] == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"
    for thing in found if "namespace" in said else ():
        if thing["kind"] == "Namespace":
            thing["metadata"]["name"] = said["namespace"]
        else:
            thing["metadata"]["namespace"] = said["namespace"]
    return found


def pods(found: list[Thing]) -> dict[str, Thing]:
    """Return the pods that things make, by the name of the thing."""
    made = {}
    for thing in found:
        if thing["kind"] in {"Deployment", "Job"}:
            made[thing["metadata"]["name"]] = thing["spec"]["template"]
        elif thing["kind"] == "CronJob":
            made[thing["metadata"]["name"]] = thing["spec"]["jobTemplate"]["spec"]["template"]
    return made


def containers(found: list[Thing]) -> list[Thing]:
    return [container for pod in pods(found).values() for container in pod["spec"]["containers"]]


def of_kind(found: list[Thing], kind: str) -> dict[str, Thing]:
    """Return the things of a kind by name."""
    return {thing["metadata"]["name"]: thing for thing in found if thing["kind"] == kind}


def _taken_in(source: Path) -> Iterator[Thing]:
    return iter(things(source)) if source.is_dir() else _documents(source)


def _documents(file: Path) -> Iterator[Thing]:
    yield from yaml.safe_load_all(file.read_text())


def _name(thing: Thing) -> tuple[str, str]:
    return thing["kind"], thing["metadata"]["name"]


def _merge(into: Thing, patch: Thing) -> None:
    """Write the patch over the thing: mappings are merged, all else is replaced."""
    for name, value in patch.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value
