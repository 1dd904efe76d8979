"""What watches the banks, as this project's tests see it: the rules, the boards, and a Prometheus to ask."""

import json
import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.image import CHECKOUT

RULES, BOARDS = CHECKOUT / "deploy/prometheus/alerts.yml", CHECKOUT / "deploy/grafana/dashboards"
_NAME = re.compile(r"\b(?:bank_|django_|process_)[a-z_]+\b")


def alerts() -> list[dict[str, Any]]:
    """Return every rule."""
    document = yaml.safe_load(RULES.read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def boards() -> dict[str, dict[str, Any]]:
    """Return every dashboard by the name of its file."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(BOARDS.glob("*.json"))}


def queries(board: dict[str, Any], *, bank: str) -> dict[str, str]:
    """Return what the panels of a dashboard ask when `bank` is chosen, by panel and letter."""
    return {
        f"{panel['title']} {target['refId']}": target["expr"].replace("$bank", bank)
        for panel in board["panels"]
        for target in panel["targets"]
    }


def metrics_in(query: str) -> set[str]:
    """Return the names of the metrics that a query reads."""
    return set(_NAME.findall(re.sub(r"\{[^}]*\}|\[[^]]*\]|by \([^)]*\)", "", query)))


def ask(port: int, query: str) -> list[dict[str, Any]]:
    """Return what Prometheus answers to a query; raises HTTPError for one it does not understand."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found


def sections(document: Path, *, under: str) -> set[str]:
    """Return the third-level headings below a second-level one."""
    [part] = re.findall(rf"^## {under}$(.*?)(?=^## )", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^### (.+)$", part, flags=re.MULTILINE))
