"""Alerts, their instructions and dashboards: complete, consistent, and each rule proved by promtool."""

import re
import subprocess
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from banksite.machine.prometheus import ensure_prometheus
from tests.deploy import compose, watching
from tests.deploy.image import CHECKOUT

FOLDER, GUIDE = CHECKOUT / "deploy/prometheus", CHECKOUT / "docs/operating.md"


def told_by_a_bank() -> set[str]:
    """Return the names of everything that the code of a bank shows, as Prometheus spells them."""
    files = ["access/meters.py", "banksite/gauges.py"]
    text = "\n".join((CHECKOUT / file).read_text() for file in files)
    counters = {f"{name}_total" for name in re.findall(r'Counter\(\s*"(\w+)"', text)}
    histograms = {f"{name}_bucket" for name in re.findall(r'Histogram\(\s*"(\w+)"', text)}
    gauges = set(re.findall(r'(?:Gauge|_gauges?)\(\s*"(\w+)"', text))
    libraries = {
        "django_http_responses_total_by_status_view_method_total",
        "django_http_requests_latency_seconds_by_view_method_bucket",
        "process_resident_memory_bytes",
    }
    return counters | histograms | gauges | libraries


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ensure_prometheus().tool, *words], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)


class TestTheRules:
    def test_are_sound(self) -> None:
        done = promtool("check", "config", "prometheus.yml")

        assert done.returncode == 0, done.stdout + done.stderr

    def test_fire_when_they_should_and_not_before(self) -> None:
        done = promtool("test", "rules", "alerts_test.yml")

        assert done.returncode == 0, done.stdout + done.stderr

    def test_have_a_case_each_that_is_silent_and_then_fires(self) -> None:
        cases = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
        proved = {case["name"]: [bool(look["exp_alerts"]) for look in case["alert_rule_test"]] for case in cases}

        assert proved == {rule["alert"]: [False, True] for rule in watching.alerts()}

    @pytest.mark.parametrize("rule", watching.alerts(), ids=lambda rule: rule["alert"])
    def test_say_how_bad_what_and_what_to_do(self, rule: dict[str, Any]) -> None:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["runbook_url"] == f"docs/operating.md#{rule['alert'].lower()}"

    def test_ask_only_for_what_a_bank_tells(self) -> None:
        asked = {name for rule in watching.alerts() for name in watching.metrics_in(rule["expr"])}

        assert asked
        assert asked - told_by_a_bank() == set()


class TestTheInstructions:
    def test_have_a_section_for_every_alert_and_no_other(self) -> None:
        assert watching.sections(GUIDE, under="Alerts") == {rule["alert"] for rule in watching.alerts()}

    def test_say_of_every_alert_what_it_means_what_it_harms_what_to_do_and_whom_to_wake(self) -> None:
        parts = re.split(r"^### ", GUIDE.read_text().split("\n## Alerts\n")[1].split("\n## ")[0], flags=re.MULTILINE)[1:]
        told = r"\w+\n[A-Z][^\n]*\n- \*\*Impact\*\*: .*\n- \*\*Look at\*\*: .*\n- \*\*Do\*\*: .*\n- \*\*Wake\*\*: "

        assert [part.split("\n")[0] for part in parts if not re.match(told, part, flags=re.DOTALL)] == []

    def test_name_only_commands_that_exist(self) -> None:
        typed = set(re.findall(r"(?:manage|at_relay) ([a-z][a-z_]+)", GUIDE.read_text()))

        assert {"status", "check_books", "gather_lists", "end_recovery", "trace_transfer"} <= typed
        assert typed - get_commands().keys() == set()

    def test_lead_somewhere(self) -> None:
        text = GUIDE.read_text()
        anchors = {
            re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
        }

        assert [link for link in re.findall(r"\]\(#([^)]+)\)", text) if link not in anchors] == []

    @pytest.mark.parametrize("subject", ["Backup and restore", "Upgrade", "A lost key", "A bank that stops answering", "A lost broker"])
    def test_cover_what_an_operator_will_meet(self, subject: str) -> None:
        assert f"\n## {subject}\n" in GUIDE.read_text()


class TestTheBoards:
    def test_are_one_of_all_banks_one_of_each_and_one_of_the_head_bank(self) -> None:
        found = watching.boards()

        assert found.keys() == {"overview", "bank", "headbank"}
        assert len({board["uid"] for board in found.values()}) == 3
        assert [variable["name"] for variable in found["bank"]["templating"]["list"]] == ["bank"]

    @pytest.mark.parametrize("name", watching.boards())
    def test_ask_only_for_what_a_bank_tells(self, name: str) -> None:
        asked = {
            metric for query in watching.queries(watching.boards()[name], bank="BNKA").values() for metric in watching.metrics_in(query)
        }

        assert asked
        assert asked - told_by_a_bank() == set()

    @pytest.mark.parametrize("name", watching.boards())
    def test_leave_no_panel_without_a_question_or_over_another(self, name: str) -> None:
        panels = watching.boards()[name]["panels"]
        cells = [
            (x, y)
            for panel in panels
            for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
            for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
        ]

        assert [panel["title"] for panel in panels if not panel["targets"]] == []
        assert len({panel["id"] for panel in panels}) == len(panels)
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24

    def test_ask_the_source_that_is_there(self) -> None:
        sources = yaml.safe_load((CHECKOUT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
        asked = {panel["datasource"]["uid"] for board in watching.boards().values() for panel in board["panels"]}

        assert asked == {source["uid"] for source in sources}
        assert [source["url"] for source in sources] == ["http://prometheus:9090"]

    def test_lie_where_they_are_looked_for(self) -> None:
        [provider] = yaml.safe_load((CHECKOUT / "deploy/grafana/provisioning/dashboards/banks.yml").read_text())["providers"]

        assert provider["options"]["path"] in compose.services()["grafana"].mounts


class TestTheTargets:
    def test_are_every_process_of_every_bank_under_its_name(self) -> None:
        document = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
        asked = {
            target: (group["labels"]["bank"], group["labels"]["process"])
            for job in document["scrape_configs"]
            for group in job["static_configs"]
            for target in group["targets"]
        }
        running = [service for service in compose.of_ours() if not service.ends]

        assert asked == {
            f"{service.name}:9100": (
                service.environment["BANK_CODE"],
                service.name.split("-")[1],
            )
            for service in running
        }
        assert {service.environment["METRICS_LISTEN"] for service in running} == {"0.0.0.0:9100"}

    def test_are_within_reach_of_the_one_who_asks_and_the_banks_out_of_each_others(self) -> None:
        services = compose.services()
        watched = {
            name: set(service.said.get("networks", ()))
            for name, service in services.items()
            if name.split("-")[0] in {"head", "bnka", "bnkb"}
        }
        reach = set(services["prometheus"].said["networks"])

        for service in compose.of_ours():
            if not service.ends:
                shared = watched[service.name] & reach
                assert shared == {f"{service.name.split('-')[0]}-watch"}, service.name
