"""Java and the jars of Apache Kafka."""

import hashlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from banksite.machine import apt
from banksite.machine.errors import MachineError
from banksite.machine.progress import say

OLDEST_JAVA = 17
_CHECKOUT = Path(__file__).resolve().parents[2]
_POM = _CHECKOUT / "deploy" / "kafka" / "pom.xml"
_CACHE = _CHECKOUT / ".cache" / "kafka"


@dataclass(frozen=True, kw_only=True)
class Kafka:
    """What it takes to start Apache Kafka: a Java and a folder of jars."""

    java: Path
    jars: Path


def ensure_kafka() -> Kafka:
    """Return Java and the jars that deploy/kafka/pom.xml names, fetched by Maven when this checkout has not got them yet."""
    java = _ensure_java()
    jars = _CACHE / hashlib.sha256(_POM.read_bytes()).hexdigest()[:16]
    if not jars.is_dir():
        _fetch(into=jars)
    return Kafka(java=java, jars=jars)


def _ensure_java() -> Path:
    if (found := _find_java()) is None:
        apt.install("default-jre-headless", provides=f"Java {OLDEST_JAVA} or newer")
        found = _find_java()
    if found is None:
        raise MachineError(problem=f"the installed Java is older than {OLDEST_JAVA}", remedy=f"install Java {OLDEST_JAVA} or newer")
    return found


def _find_java() -> Path | None:
    if (path := shutil.which("java")) is None:
        return None
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    return Path(path) if version and int(version.group(1)) >= OLDEST_JAVA else None


def _fetch(*, into: Path) -> None:
    """Copy the jars into a folder that appears whole or not at all, so that an interrupted or a parallel fetch does no harm."""
    if shutil.which("mvn") is None:
        apt.install("maven", provides="Maven")
    say("Kafka", "fetching its jars with Maven (43 MB, once)")
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent) as unfinished:
        jars = Path(unfinished) / "jars"
        done = subprocess.run(
            ["mvn", "-q", "-B", "-f", _POM, "dependency:copy-dependencies", f"-DoutputDirectory={jars}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not any(jars.glob("kafka_*.jar")):
            reason = next((line for line in done.stdout.splitlines() if "ERROR" in line), "it said nothing")
            raise MachineError(
                problem=f"Maven could not fetch Kafka's jars ({reason})", remedy="give Maven access to a repository and try again"
            )
        if not into.exists():
            jars.rename(into)
