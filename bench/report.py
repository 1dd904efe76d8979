"""What was found: a table for people, a file for programs."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.pairs import Ratio

_WIDTH_IN_A_FILE = 150
LATEST = Path(__file__).with_name("latest.json")


def show(ratios: Sequence[Ratio]) -> None:
    """Print the table."""
    table = Table(title="How near the banks come to what this machine can do")
    for heading in ("what", "ours", "limit", "unit", "ratio", "spread", "goal", ""):
        table.add_column(heading, justify="left" if heading in {"what", "unit"} else "right", no_wrap=heading != "what")
    for each in ratios:
        table.add_row(
            each.goal.name,
            f"{each.ours:,.5g}",
            f"{each.limit:,.5g}",
            each.goal.unit,
            f"{each.ratio:.2f}",
            f"{each.lowest:.2f}-{each.highest:.2f}",
            f"{'at most' if each.goal.at_most else 'at least'} {each.goal.ratio}",
            "[green]met[/]" if each.met else "[red]MISSED[/]",
        )
    width = None if sys.stdout.isatty() else _WIDTH_IN_A_FILE
    Console(width=width).print(table)


def write(ratios: Sequence[Ratio]) -> None:
    """Write bench/latest.json, in one step."""
    partial = LATEST.with_suffix(".partial")
    partial.write_text(json.dumps({"ratios": [_row(each) for each in ratios], "machine": _machine()}, indent=2) + "\n")
    partial.replace(LATEST)


def _row(each: Ratio) -> dict[str, Any]:
    return {
        "name": each.goal.name,
        "ratio": round(each.ratio, 3),
        "goal": each.goal.ratio,
        "at_most": each.goal.at_most,
        "met": each.met,
        "ours": round(each.ours, 3),
        "limit": round(each.limit, 3),
        "unit": each.goal.unit,
        "spread": [round(each.lowest, 3), round(each.highest, 3)],
    }


def _machine() -> dict[str, Any]:
    """Describe the machine without naming it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "architecture": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
