"""docker-compose.yml at work as processes of this machine: real commands, environments, files, health checks, in their order.

What differs from containers: one loopback interface for all, so every address `service:port` becomes a port of it;
a folder for each volume; our own user for everyone but PostgreSQL; Prometheus asks every second; no Grafana: the tests ask its questions.
"""

import re
import shutil
import signal
import subprocess
from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from threading import Lock

from banksite.machine.kafka import KafkaServer
from banksite.machine.nginx import ensure_nginx
from banksite.machine.ports import LOOPBACK, free_ports
from banksite.machine.postgres import PostgresServer
from banksite.machine.processes import kill_child, last_lines, start_child, stop_child, wait_until
from banksite.machine.prometheus import ensure_prometheus
from tests.deploy import compose, image
from tests.deploy.compose import Service
from tests.deploy.image import CHECKOUT

_AT_ONCE = 4
LIMIT_S = 240.0  # of any wait: far longer than anything takes, even where every core is busy


class Database(PostgresServer):
    """One bank's PostgreSQL, with the password that the bank made."""

    def open(self, *, password: str) -> None:
        self.create_database("bank")
        self._query(f"ALTER ROLE bank PASSWORD '{password}'")


@dataclass
class Stage:
    """All services; `home` takes volumes and logs, `image` is what the Dockerfile makes of the checkout."""

    home: Path
    image: Path
    built: dict[str, int]  # the image's files as they were built
    services: dict[str, Service] = field(default_factory=compose.services)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    databases: dict[str, Database] = field(default_factory=dict)
    kafka: KafkaServer | None = None
    _ports: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(lambda: free_ports(count=1)[0]))
    _naming: Lock = field(default_factory=Lock)  # a port that two threads ask for is one

    def up(self) -> None:
        """Start what does not run, each as soon as those it waits for are done or well; what ends is done again: as `docker compose up`."""
        order = TopologicalSorter({name: service.after for name, service in self.services.items()})
        order.prepare()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            under_way: dict[Future[None], str] = {}
            while order.is_active():
                for name in order.get_ready():
                    self._begin(name)
                    under_way[pool.submit(self._await, name)] = name
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                    order.done(under_way.pop(future))

    def start(self, name: str) -> None:
        """Start one service unless it runs, and wait until it is well."""
        self._begin(name)
        self._await(name)

    def down(self) -> None:
        """End everything."""
        for process in self.running.values():
            kill_child(process)
        for database in self.databases.values():
            database.stop()
        if self.kafka is not None:
            self.kafka.kill()

    def port(self, service: str, port: int) -> int:
        """Return where a port of a service is on this machine."""
        with self._naming:
            return self._ports[service, port]

    def volume(self, name: str) -> Path:
        """Return the folder that stands for a volume."""
        folder = self.home / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def run(self, name: str, *command: str, fine: tuple[int, ...] = (0,)) -> str:
        """Run a command where a service runs, as `docker compose exec` does; return what it said."""
        words, environment = self._translated(self.services[name], list(command))
        done = subprocess.run(
            words, cwd=self.image, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False, stdin=subprocess.DEVNULL
        )
        assert done.returncode in fine, f"{name}: {done.stdout}{done.stderr}"
        return done.stdout

    def stop(self, name: str) -> None:
        """Stop a service in order."""
        stop_child(self.running.pop(name), patience_s=20)

    def log(self, name: str) -> Path:
        return self.home / f"{name}.log"

    def _begin(self, name: str) -> None:
        """Start what goes on, unless it runs: from the thread that outlives it."""
        service = self.services[name]
        if name in self.running or service.ends:
            return
        if service.image == compose.POSTGRES:
            self._start_database(service)
        elif service.image == compose.KAFKA:
            self._start_kafka(service)
        elif service.image == compose.NGINX:
            self._start_nginx(service)
        elif service.image == compose.PROMETHEUS:
            self._start_prometheus(service)
        elif service.image == compose.OURS:
            words, environment = self._translated(service, service.command)
            inside = ["sh", "-c", 'cd "$0" && exec "$@"', str(self.image), *words]
            clean = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
            self.running[service.name] = start_child([*clean, *inside], log=self.log(service.name), last_signal=signal.SIGTERM)

    def _await(self, name: str) -> None:
        """Do what ends; wait until what goes on is well: PostgreSQL and Kafka have waited by themselves."""
        service = self.services[name]
        if service.ends:
            self.log(name).write_text(self.run(name, *service.command))
            self._readdress(service)
        elif service.image in {compose.OURS, compose.NGINX, compose.PROMETHEUS} and service.health_check:
            self._wait_until_well(service)

    def _start_database(self, service: Service) -> None:
        if service.name in self.databases:
            return
        folder = self.home / service.name
        database = self.databases[service.name] = Database(folder=folder, port=self.port(service.name, 5432), fsync=False)
        database.start()
        secret = service.environment["POSTGRES_PASSWORD_FILE"]
        database.open(password=Path(self._paths(service, secret)).read_text())

    def _start_kafka(self, service: Service) -> None:
        if self.kafka is not None:
            return
        lines = (CHECKOUT / "deploy/compose/kafka.properties").read_text().splitlines()
        said = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        said = {name: self._addresses(service.name, value) for name, value in said.items() if name != "log.dirs"}
        self.kafka = KafkaServer(folder=self.home / service.name, settings=said, memory_mb=384)
        self.kafka.start()

    def _start_nginx(self, service: Service) -> None:
        folder = self._settings(service, "/etc/nginx/banks")
        for file in folder.iterdir():
            text = file.read_text().replace("/tmp/", f"{folder}/")
            listen = re.sub(r"listen (\d+)", lambda found: f"listen {LOOPBACK}:{self.port(service.name, int(found[1]))}", text)
            file.write_text(listen)
        command = [str(ensure_nginx()), "-c", str(folder / "nginx.conf"), *service.command[3:]]
        self.running[service.name] = start_child(command, log=self.log(service.name), last_signal=signal.SIGTERM)

    def _start_prometheus(self, service: Service) -> None:
        folder = self._settings(service, "/etc/prometheus")
        file = folder / "prometheus.yml"
        file.write_text(file.read_text().replace("interval: 10s", "interval: 1s"))
        words, _ = self._translated(service, [word.replace("/etc/prometheus", str(folder)) for word in service.command])
        self.running[service.name] = start_child([ensure_prometheus().server, *words], log=self.log(service.name))

    def _settings(self, service: Service, target: str) -> Path:
        """Return a copy of a folder of settings with this machine's ports in it."""
        folder = self.home / f"{service.name}-settings"
        shutil.copytree(CHECKOUT / service.mounts[target][0], folder)
        for file in folder.iterdir():
            file.write_text(self._addresses(service.name, file.read_text()))
        return folder

    def _wait_until_well(self, service: Service) -> None:
        words, environment = self._translated(service, service.health_check)

        def well() -> bool:
            return subprocess.run(words, cwd=self.home, env=environment, capture_output=True, timeout=LIMIT_S, check=False).returncode == 0

        assert wait_until(well, limit_s=LIMIT_S, every_s=0.2), f"{service.name}: {last_lines(self.log(service.name), count=5)}"

    def _translated(self, service: Service, command: list[str]) -> tuple[list[str], dict[str, str]]:
        """Return a command and its environment with this machine's paths and ports."""

        def here(text: str) -> str:
            return self._addresses(service.host, self._paths(service, text))

        variables = {name: here(value) for name, value in service.environment.items()}
        return [here(word) for word in command], image.environment(of=self.image.parent) | variables

    def _paths(self, service: Service, text: str) -> str:
        for target, (source, _) in service.mounts.items():
            here = str(CHECKOUT / source if source.startswith(".") else self.volume(source))
            text = re.sub(rf"(?<![\w./-]){re.escape(target)}\b", here, text)  # where a path begins
        return text

    def _addresses(self, own: str, text: str) -> str:
        """Replace `service:port`, and the ports of the service itself."""
        names = "|".join(map(re.escape, self.services))
        text = re.sub(rf"\b({names}):(\d+)\b", lambda found: f"{LOOPBACK}:{self.port(found[1], int(found[2]))}*", text)
        text = re.sub(r"\b(?:0\.0\.0\.0|127\.0\.0\.1):(\d+)\b(?!\*)", lambda found: f"{LOOPBACK}:{self.port(own, int(found[1]))}", text)
        return re.sub(r"(:\d+)\*", r"\1", text)

    def _readdress(self, service: Service) -> None:
        """Give the addresses in what a service wrote for its bank this machine's ports."""
        if "ENV_FILE" in service.environment:
            file = Path(self._paths(service, service.environment["ENV_FILE"]))
            text = file.read_text()
            if (
                here := re.sub(
                    rf"@({'|'.join(self.services)}):(\d+)", lambda found: f"@{LOOPBACK}:{self.port(found[1], int(found[2]))}", text
                )
            ) != text:
                file.write_text(here)
