"""deploy/kubernetes: valid, complete, and as closed as docker-compose.yml."""

import json
import re
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import kubernetes_validate  # type: ignore[import-untyped]  # ships no types
import pytest
from django.core.management import get_commands

from tests.deploy import image, kubernetes
from tests.deploy.kubernetes import BANKS, FOLDER, Thing, of_kind
from tests.deploy.test_compose import known_settings, settings_without_default
from webhooks.rules import is_public

VERSION = "1.33"
SCHEMAS = Path(__file__).parent / "schemas"
IN_SECRET = {"SECRET_KEY", "KAFKA_SASL_PASSWORD"}  # of the secret `bank`, as the README has it made
IN_DATABASE = {"DATABASE_URL"}  # of the secret that the database's operator makes
ADDRESSES = [  # of services inside a cluster or a cloud, of nobody, and two that anybody may ask
    *(
        "10.96.0.1",
        "172.17.0.1",
        "192.168.1.1",
        "100.100.100.200",
        "127.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "192.0.0.192",
        "0.0.0.0",
    ),
    *("198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fd00:ec2::254", "2002:a00:1::1", "2001:0:a00:1::1", "ff02::1"),
    *("93.184.216.34", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"),
]


@cache
def bank(name: str) -> list[Thing]:
    return kubernetes.things(FOLDER / name)


def own(kind: str) -> dict[str, dict[str, Any]]:
    return {name: of_kind(bank(name), kind) for name in BANKS}


EVERYTHING = [
    pytest.param(thing, id=f"{folder}-{thing['kind']}-{thing['metadata']['name']}")
    for folder in (*BANKS, "kafka")
    for thing in bank(folder)
]


class TestEveryThing:
    @pytest.mark.parametrize("thing", EVERYTHING)
    def test_is_valid(self, thing: Thing) -> None:
        schema = SCHEMAS / f"{thing['kind']}.json"
        if schema.exists():
            jsonschema.validate(thing, json.loads(schema.read_text()))
        else:
            kubernetes_validate.validate(thing, VERSION, strict=True)

    @pytest.mark.parametrize("folder", [*BANKS, "kafka"])
    def test_is_there_once_and_in_its_own_namespace(self, folder: str) -> None:
        names = [(thing["kind"], thing["metadata"]["name"]) for thing in bank(folder)]
        namespace = "kafka" if folder == "kafka" else f"bank-{folder}"

        assert len(names) == len(set(names))
        assert {thing["metadata"].get("namespace", namespace) for thing in bank(folder)} == {namespace}
        assert [name for kind, name in names if kind == "Namespace"] == [namespace]

    def test_of_every_kind_that_a_bank_needs_is_there(self) -> None:
        kinds = {thing["kind"] for thing in bank("bnka")}

        assert kinds >= {"Deployment", "Job", "CronJob", "PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy", "Ingress"}
        assert kinds >= {"Cluster", "ScheduledBackup", "ObjectStore", "PersistentVolumeClaim"}

    def test_has_a_schema_that_notes_its_source(self) -> None:
        assert [file.name for file in SCHEMAS.glob("*.json") if "https://" not in json.loads(file.read_text())["$comment"]] == []


class TestTheSettings:
    @pytest.mark.parametrize("name", BANKS)
    def test_are_known_and_complete(self, name: str) -> None:
        configured = of_kind(bank(name), "ConfigMap")["bank"]["data"]
        given = configured.keys() | IN_SECRET | IN_DATABASE

        assert given - known_settings() == set()
        assert settings_without_default() - given == set()
        assert [setting for setting, value in configured.items() if value == ""] == []
        assert configured["BANK_CODE"] == BANKS[name]

    @pytest.mark.parametrize("name", BANKS)
    def test_reach_every_process(self, name: str) -> None:
        for container in kubernetes.containers(bank(name)):
            assert container["envFrom"] == [{"configMapRef": {"name": "bank"}}, {"secretRef": {"name": "bank"}}]
            assert {variable["name"] for variable in container["env"]} == IN_DATABASE

    def test_hold_no_secret(self) -> None:
        assert not {name for each in own("ConfigMap").values() for name in each["bank"]["data"]} & (IN_SECRET | IN_DATABASE)
        assert not any(of_kind(bank(name), "Secret") for name in (*BANKS, "kafka"))


class TestEveryProcess:
    @pytest.mark.parametrize("name", BANKS)
    def test_runs_a_command_that_exists_or_the_images_own(self, name: str) -> None:
        said = {
            pod: " ".join(made["spec"]["containers"][0].get("command", image.command()))
            for pod, made in kubernetes.pods(bank(name)).items()
        }

        assert said.keys() == {"web", "relay", "consumer", "housekeep", "open"} | ({"webhooks"} if name != "head" else set())
        assert set(re.findall(r"manage\.py ([a-z_]+)", " ".join(said.values()))) - get_commands().keys() == set()
        assert "banksite.web_server" in said["web"]

    @pytest.mark.parametrize("name", BANKS)
    def test_may_do_nothing_it_need_not(self, name: str) -> None:
        for pod in kubernetes.pods(bank(name)).values():
            [container] = pod["spec"]["containers"]
            whole, part = pod["spec"]["securityContext"], container["securityContext"]

            assert (whole["runAsNonRoot"], whole["runAsUser"], whole["seccompProfile"]) == (True, 10001, {"type": "RuntimeDefault"})
            assert part == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
            assert pod["spec"]["automountServiceAccountToken"] is False
            assert {"requests", "limits"} == container["resources"].keys()

    def test_runs_as_the_user_of_the_image(self) -> None:
        assert "--uid 10001" in image.STAGE

    @pytest.mark.parametrize("process", ["web", "relay", "consumer", "webhooks"])
    def test_that_goes_on_is_asked_how_it_is_and_is_never_the_last(self, process: str) -> None:
        found = bank("bnka")
        deployment = of_kind(found, "Deployment")[process]
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        labels = deployment["spec"]["selector"]["matchLabels"]

        assert {"startupProbe", "livenessProbe"} <= container.keys()
        assert ("readinessProbe" in container) == (process == "web")
        assert of_kind(found, "PodDisruptionBudget")[process]["spec"] == {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        assert deployment["spec"].get("replicas", 2) == 2

    def test_sees_only_the_key_it_uses(self) -> None:
        users = {
            claim: {
                name
                for name, pod in kubernetes.pods(bank("bnka")).items()
                if claim in {volume.get("persistentVolumeClaim", {}).get("claimName") for volume in pod["spec"]["volumes"]}
            }
            for claim in of_kind(bank("bnka"), "PersistentVolumeClaim")
        }

        assert users == {"message-key": {"relay", "open"}, "token-key": {"web", "open"}}

    def test_mounts_what_the_settings_name(self) -> None:
        configured = of_kind(bank("bnka"), "ConfigMap")["bank"]["data"]
        places = {"web": ["TOKEN_KEY_FILE"], "relay": ["MESSAGE_KEY_FILE", "KAFKA_SSL_CA_LOCATION"], "consumer": ["KAFKA_SSL_CA_LOCATION"]}

        for process, named in places.items():
            [container] = kubernetes.pods(bank("bnka"))[process]["spec"]["containers"]
            mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
            assert [name for name in named if str(Path(configured[name]).parent) not in mounted] == []

    @pytest.mark.parametrize("name", BANKS)
    def test_reads_as_many_partitions_at_most_as_there_are(self, name: str) -> None:
        partitions = of_kind(bank("kafka"), "KafkaTopic")[f"external-transfers.{name}"]["spec"]["partitions"]
        scaler = of_kind(bank(name), "HorizontalPodAutoscaler")["consumer"]["spec"]

        assert partitions == int(of_kind(bank(name), "ConfigMap")["bank"]["data"]["LETTER_BOX_PARTITIONS"])
        assert scaler["maxReplicas"] == max(partitions, scaler["minReplicas"])
        assert scaler["minReplicas"] == 2  # one takes over from the other, even where only one has something to read
        assert "replicas" not in of_kind(bank(name), "Deployment")["consumer"]["spec"]  # the scaler's to say


class TestTheDatabase:
    @pytest.mark.parametrize("name", BANKS)
    def test_has_a_commit_at_two_places_before_it_counts_and_is_backed_up(self, name: str) -> None:
        cluster = of_kind(bank(name), "Cluster")["database"]["spec"]
        backup = of_kind(bank(name), "ScheduledBackup")["nightly"]["spec"]

        assert cluster["instances"] == 3
        assert cluster["postgresql"]["synchronous"] == {"method": "any", "number": 1, "dataDurability": "required"}
        assert backup["cluster"]["name"] == "database"
        assert backup["pluginConfiguration"]["name"] == cluster["plugins"][0]["name"]
        assert cluster["plugins"][0]["parameters"]["barmanObjectName"] in of_kind(bank(name), "ObjectStore")

    def test_of_one_bank_is_backed_up_away_from_the_others(self) -> None:
        places = {each["backups"]["spec"]["configuration"]["destinationPath"] for each in own("ObjectStore").values()}

        assert len(places) == len(BANKS)


class TestTheNetwork:
    @pytest.mark.parametrize("name", BANKS)
    def test_lets_nobody_reach_anybody_unless_it_says_so(self, name: str) -> None:
        policies = of_kind(bank(name), "NetworkPolicy")

        assert policies["nothing"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        assert [policy for policy, said in policies.items() if {} in said["spec"].get("ingress", ())] == []

    def test_lets_only_those_at_the_broker_who_speak_with_it(self) -> None:
        [said] = of_kind(bank("bnka"), "NetworkPolicy")["bank-to-broker"]["spec"]["podSelector"]["matchExpressions"]

        assert set(said["values"]) == {"relay", "consumer", "open"}

    def test_lets_webhooks_out_to_the_public_internet_alone(self) -> None:
        [rule] = of_kind(bank("bnka"), "NetworkPolicy")["webhooks-outward"]["spec"]["egress"]
        blocks = [each["ipBlock"] for each in rule["to"]]

        def is_open(address: str) -> bool:
            return any(
                ip_address(address) in ip_network(block["cidr"])
                and not any(ip_address(address) in ip_network(no) for no in block["except"])
                for block in blocks
            )

        assert {address for address in ADDRESSES if is_open(address)} == {address for address in ADDRESSES if is_public(address)}
        assert rule["ports"] == [{"port": 443, "protocol": "TCP"}]

    @pytest.mark.parametrize("name", BANKS)
    def test_keeps_what_is_for_monitoring_from_visitors(self, name: str) -> None:
        [rule] = of_kind(bank(name), "Ingress")["web"]["spec"]["rules"]
        ways = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
        configured = of_kind(bank(name), "ConfigMap")["bank"]["data"]

        assert ways == {"/metrics": "closed", "/": "web"}
        assert "selector" not in of_kind(bank(name), "Service")["closed"]["spec"]
        assert (configured["ALLOWED_HOSTS"], configured["CSRF_TRUSTED_ORIGINS"]) == (rule["host"], f"https://{rule['host']}")


class TestTheBroker:
    @pytest.mark.parametrize(("name", "code"), BANKS.items())
    def test_lets_a_bank_read_its_own_letter_box_alone(self, name: str, code: str) -> None:
        rights = rights_of(name)

        assert {what for what, deeds in rights.items() if "Read" in deeds} == {
            ("topic", f"external-transfers.{code}", "literal"),
            ("group", f"external-transfers.{code}", "literal"),
            ("topic", "bank-directory", "literal"),
        }

    def test_lets_the_head_bank_alone_write_the_register(self) -> None:
        writers = {name for name in BANKS if "Write" in rights_of(name)["topic", "bank-directory", "literal"]}

        assert writers == {"head"}

    def test_gives_the_partitions_of_a_dead_consumer_to_another_within_ten_seconds(self) -> None:
        cluster = of_kind(bank("kafka"), "Kafka")["banks"]["spec"]["kafka"]["config"]
        lines = (image.CHECKOUT / "deploy/compose/kafka.properties").read_text().splitlines()
        compose = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

        for settings in (cluster, compose):  # it is missed when its session ends; the others hear of it at their next heartbeat
            session, heartbeat = (int(settings[f"group.consumer.{name}.ms"]) for name in ("session.timeout", "heartbeat.interval"))
            assert session + heartbeat <= 8_000
            assert session >= 3 * heartbeat

    def test_keeps_every_record_at_two_places_before_a_bank_is_told_so(self) -> None:
        settings = of_kind(bank("kafka"), "Kafka")["banks"]["spec"]["kafka"]["config"]
        topics = of_kind(bank("kafka"), "KafkaTopic").values()

        assert (settings["min.insync.replicas"], settings["transaction.state.log.min.isr"]) == (2, 2)
        assert {(topic["spec"]["replicas"], topic["spec"]["config"]["min.insync.replicas"]) for topic in topics} == {(3, 2)}


def rights_of(name: str) -> dict[tuple[str, str, str], set[str]]:
    """Return what a bank's user may do with what."""
    rights: dict[tuple[str, str, str], set[str]] = {}
    for right in of_kind(bank("kafka"), "KafkaUser")[name]["spec"]["authorization"]["acls"]:
        what = right["resource"]
        rights.setdefault((what["type"], what["name"], what["patternType"]), set()).update(right["operations"])
    return rights
