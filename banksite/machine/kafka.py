"""An Apache Kafka broker of our own: one node, own folder, own ports, gone when we are."""

import base64
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from banksite.machine.errors import MachineError
from banksite.machine.jars import ensure_kafka
from banksite.machine.ports import LOOPBACK, free_ports
from banksite.machine.processes import kill_child, last_lines, start_child, stop_child, wait_until
from banksite.machine.progress import say

_STARTED = "Kafka Server started"  # its last line of a start: clients are served from here on
_START_LIMIT_S = 90.0


class KafkaServer:
    """One broker on the loopback interface, its own controller, without access control.

    Ports stay the same through `restart` and `wipe`, so clients find it again. Start it from the main thread
    (see `start_child`). One that is `lasting` is compiled with both of Java's compilers: the second costs more
    than it gives to a broker that lives for minutes.
    """

    def __init__(self, *, folder: Path, memory_mb: int = 512, settings: Mapping[str, str] | None = None, lasting: bool = False) -> None:
        self._kafka = ensure_kafka()
        self._folder = folder.absolute()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._data, self._log, self._properties = self._folder / "data", self._folder / "kafka.log", self._folder / "server.properties"
        self._memory_mb, self._compilers = memory_mb, [] if lasting else ["-XX:TieredStopAtLevel=1"]
        self._settings = dict(settings) if settings else {}
        self._process: subprocess.Popen[bytes] | None = None
        self.port, self._controller_port = free_ports(count=2)

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Format the folder at the first time, start, and wait until clients are served; raise MachineError if that fails."""
        self._write_properties()
        if not (self._data / "meta.properties").exists():
            self.format()
        self._log.unlink(missing_ok=True)
        self._process = start_child([*self._java(memory_mb=self._memory_mb), "kafka.Kafka", self._properties], log=self._log)
        wait_until(lambda: self._has_started() or self._has_ended(), limit_s=_START_LIMIT_S)
        if self._has_ended() or not self._has_started():
            self.kill()
            raise MachineError(
                problem=f"Kafka did not start ({last_lines(self._log, count=2)})", remedy=f"mend the cause; its log is {self._log}"
            )
        say("Kafka", f"listens on {self.bootstrap_servers}")

    def stop(self) -> None:
        """Shut down in order; nothing happens when it does not run."""
        if self._process is not None:
            stop_child(self._process, patience_s=20)
            self._process = None

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            kill_child(self._process)
            self._process = None

    def restart(self) -> None:
        """Stop and start again with the data it has."""
        self.stop()
        self.start()

    def wipe(self) -> None:
        """Lose everything, as a broker does whose disk is gone, and start again empty under a new cluster id."""
        self.kill()
        self.format()
        self.start()

    def format(self) -> None:
        """Delete the data, if any, and give the empty log a new cluster id."""
        self._write_properties()
        shutil.rmtree(self._data, ignore_errors=True)
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")  # one in front is an option
        done = subprocess.run(
            [*self._java(memory_mb=256), "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", self._properties],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise MachineError(
                problem=f"Kafka's folder could not be formatted ({done.stderr.strip()[-300:]})", remedy=f"look at {self._folder}"
            )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _java(self, *, memory_mb: int) -> list[str | Path]:
        return [self._kafka.java, f"-Xmx{memory_mb}m", "-XX:+UseSerialGC", *self._compilers, "-cp", f"{self._kafka.jars}/*"]

    def _has_started(self) -> bool:
        return self._log.exists() and _STARTED in self._log.read_text(errors="replace")

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _write_properties(self) -> None:
        fixed = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{LOOPBACK}:{self._controller_port}",  # not kept in the data, so ports may change
            "listeners": f"PLAINTEXT://{self.bootstrap_servers},CONTROLLER://{LOOPBACK}:{self._controller_port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self._data),
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "transaction.max.timeout.ms": "30000",
            # After a crash the controller, on the same disk, believes the old broker alive until its session ends.
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            # So with a consumer that crashed: by default its partitions would wait 45 s for it before they are given to the next.
            "group.consumer.min.session.timeout.ms": "6000",
            "group.consumer.session.timeout.ms": "6000",
            "group.consumer.min.heartbeat.interval.ms": "1000",
            "group.consumer.heartbeat.interval.ms": "2000",
        }
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in (fixed | self._settings).items()))
