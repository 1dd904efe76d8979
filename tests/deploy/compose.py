"""docker-compose.yml as this project's tests see it."""

import re
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

import yaml

from tests.deploy import image
from tests.deploy.image import CHECKOUT

OURS, POSTGRES, KAFKA, NGINX = "distributed-banking-system", "postgres", "apache/kafka", "nginx"
PROMETHEUS, GRAFANA = "prom/prometheus", "grafana/grafana"


@cache
def document() -> dict[str, Any]:
    """Return the whole file."""
    loaded: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
    return loaded


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service of the file."""

    name: str
    said: dict[str, Any]

    @property
    def image(self) -> str:
        return str(self.said["image"]).split(":")[0]

    @property
    def command(self) -> list[str]:
        return [str(word).replace("$$", "$") for word in self.said.get("command", image.command())]

    @property
    def environment(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.said.get("environment", {}).items()}

    @property
    def mounts(self) -> dict[str, tuple[str, bool]]:
        """Return what is mounted, by its path in the container, and whether it may be written there."""
        parts = [mount.split(":") for mount in self.said.get("volumes", ())]
        return {target: (source, mode != ["ro"]) for source, target, *mode in parts}

    @property
    def host(self) -> str:
        """Return the service whose network interfaces it has."""
        shared = re.fullmatch(r"service:(.+)", str(self.said.get("network_mode", "")))
        return shared.group(1) if shared else self.name

    @property
    def after(self) -> dict[str, str]:
        """Return what must be so of which other service before it starts."""
        return {name: str(how["condition"]) for name, how in self.said.get("depends_on", {}).items()}

    @property
    def ends(self) -> bool:
        """Return whether it does one thing and ends."""
        return bool(self.said.get("restart") == "no")

    @property
    def health_check(self) -> list[str]:
        """Return the command that tells whether it is well; none where that is not asked."""
        asked = self.said.get("healthcheck")
        if asked is None:
            return image.health_check() if self.image == OURS else []
        return [] if asked.get("disable") else [str(word) for word in asked["test"][1:]]


def services() -> dict[str, Service]:
    """Return all services by name, each after those it waits for."""
    said = document()["services"]
    order = TopologicalSorter({name: list(each.get("depends_on", ())) for name, each in said.items()}).static_order()
    return {name: Service(name=name, said=said[name]) for name in order}


def of_ours() -> list[Service]:
    """Return the services that run our image."""
    return [service for service in services().values() if service.image == OURS]
