"""What the demo shows: steps, live progress, one transfer's timeline, the summary, and where to go next."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.box import ROUNDED
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from accounts.money import format_minor
from banksite.demo.banks import DemoBank
from banksite.demo.checking import Result, clearing
from banksite.demo.figures import Figures

_REASONS = {"AC01": "no such account", "AC04": "account closed", "AM03": "other currency", "AC06": "account blocked"}
_WORDS = {
    ("outgoing", "pending"): "debited; the order is written to the outbox in the same transaction",
    ("outgoing", "sent"): "the broker confirmed the signed order; the relay noted it",
    ("incoming", "credited"): "credited; the answer is written in the same transaction",
    ("incoming", "rejected"): "rejected; the answer is written in the same transaction",
    ("outgoing", "completed"): "the answer arrived: completed",
    ("outgoing", "rejected"): "the answer arrived: amount and fee are given back",
}
_FONT_FROM_ELSEWHERE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # a picture asks no other host for anything
_PLAIN_WIDTH = 120


class Screen:
    """A terminal for a person, plain lines for a log. stdout gets what stays, stderr what moves."""

    def __init__(self, *, record: bool = False) -> None:
        self._out = Console(record=record, highlight=False, width=_PLAIN_WIDTH if record else None)
        if not self._out.is_terminal and not record:
            self._out = Console(highlight=False, width=_PLAIN_WIDTH)
        self._err = Console(stderr=True, highlight=False)

    def title(self) -> None:
        """Say what this is."""
        self._out.print("\n[bold]Distributed Banking System[/] [dim]·[/] a head bank and three banks at work on this machine\n")

    def step(self, text: str) -> None:
        """Say what is done."""
        self._out.print(f"[green]✓[/] {escape(text)}")

    def notice(self, text: str) -> None:
        """Say what happened on its own."""
        self._out.print(f"[yellow]![/] {escape(text)}")

    def failure(self, text: str) -> None:
        """Say in one line what went wrong and what to do."""
        self._err.print(f"[bold red]demo:[/] {escape(text)}", soft_wrap=True)

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """Show that something is being done; on a terminal only."""
        with self._err.status(f"{escape(text)} …"):
            yield

    @contextmanager
    def progress(self, *, leaving: Mapping[DemoBank, int]) -> Iterator[Callable[[DemoBank, Figures], None]]:
        """Yield what shows a bank's figures on the way to the number of transfers that are to leave it."""
        columns = (TextColumn("  {task.description}"), BarColumn(bar_width=40), TextColumn("{task.fields[words]}"))
        with Progress(*columns, console=self._err, disable=not self._err.is_terminal) as bars:
            tasks = {bank.code: bars.add_task(bank.name, total=total, words="sending") for bank, total in leaving.items()}
            yield _Live(bars=bars, tasks=tasks, say=None if self._err.is_terminal else self._say).show

    def _say(self, text: str) -> None:
        self._err.print(text, soft_wrap=True)

    def timeline(self, *, title: str, stories: Sequence[tuple[DemoBank, dict[str, Any]]]) -> None:
        """Show one transfer as both banks tell it, in the order of their clocks."""
        _, order = stories[0]
        amount = f"{format_minor(order['amount_minor'], order['currency'])} {order['currency']}"
        self._out.print(f"\n[bold]{title}[/]  {amount} from {order['debtor_number']} to {order['creditor_number']}")
        table = Table("time", "where", "what happened", "why", box=ROUNDED)
        for at, where, what, why in _told(stories):
            table.add_row(at, where, what, why)
        self._out.print(table)

    def summary(self, results: Sequence[Result]) -> None:
        """Show what became of every line, and whether the books hold."""
        table = Table("", *(result.bank.name for result in results), box=ROUNDED)
        for label, value in _rows():
            table.add_row(label, *(value(result) for result in results))
        for other in results:
            table.add_row(f"clearing with {other.bank.name}", *(_clearing(result, other) for result in results))
        self._out.print("\n[bold]What became of the payments[/]")
        self._out.print(table)

    def verdict(self, wrong: Sequence[str]) -> None:
        """Say whether all is as it must be, or everything that is not."""
        for difference in wrong:
            self.failure(difference)
        if not wrong:
            self.step("Every transfer ended as it must, the books balance, and the banks agree.")

    def where_to_go(self, *, banks: Sequence[DemoBank], sign_ins: Sequence[tuple[str, str, str]], state: Path) -> None:
        """Show addresses and sign-ins."""
        sites = Table.grid(padding=(0, 3))
        for bank in banks:
            sites.add_row(
                f"[bold]{bank.name}[/]", f"[link={bank.url}]{bank.url}[/link]", "the register of banks" if bank.is_head_bank else ""
            )
        people = Table.grid(padding=(0, 3))
        for username, password, does in sign_ins:
            people.add_row(f"[bold]{escape(username)}[/]", escape(password), f"[dim]{escape(does)}[/]")
        last = f"[dim]Ctrl-C stops everything. The data stays in {escape(_short(state))}; `make fresh` forgets it.[/]"
        everything = Group(sites, "", "[bold]The same staff at each; a head bank has no tellers[/]", people, "", last)
        self._out.print()
        self._out.print(Panel(everything, title="[bold]At work[/]", title_align="left", box=ROUNDED, expand=False, padding=(1, 2)))

    def save(self, picture: Path) -> None:
        """Write everything shown so far as a picture."""
        drawn = self._out.export_svg(title="make demo")
        picture.write_text(_FONT_FROM_ELSEWHERE.sub("", drawn), encoding="utf-8")


class _Live:
    """The moving part of the screen."""

    def __init__(self, *, bars: Progress, tasks: dict[str, TaskID], say: Callable[[str], None] | None) -> None:
        self._bars, self._tasks, self._say = bars, tasks, say
        self._said: dict[str, str] = {}

    def show(self, bank: DemoBank, figures: Figures) -> None:
        """Show the bank as it is now."""
        credited, refunded = figures.count("outgoing", "completed"), figures.count("outgoing", "rejected")
        words = f"{figures.count('outgoing')} sent · {credited} credited · {refunded} refunded"
        self._bars.update(self._tasks[bank.code], completed=credited + refunded, words=words)
        if self._say is not None and self._said.get(bank.code) != words:
            self._say(f"{bank.name}: {words}")
        self._said[bank.code] = words


def _told(stories: Sequence[tuple[DemoBank, dict[str, Any]]]) -> Iterator[tuple[str, str, str, str]]:
    """Yield time, bank, words and reason of everything that happened to a transfer."""
    happened = [
        (event["at"], bank, (story["kind"], event["type"]), event["reason"]) for bank, story in stories for event in story["events"]
    ]
    happened += [(story["sent_at"], bank, (story["kind"], "sent"), "") for bank, story in stories if story["sent_at"]]
    for at, bank, what, reason in sorted(happened, key=lambda each: each[0]):
        moment = datetime.fromisoformat(at).astimezone().strftime("%H:%M:%S.%f")[:-3]
        yield moment, bank.name, _WORDS.get(what, what[1]), _reason(reason)


def _rows() -> Iterator[tuple[str, Callable[[Result], str]]]:
    """Yield the rows of the summary: what each is called, and how it reads for one bank."""
    yield "lines in the payments files", lambda one: str(len(one.lines))
    yield "booked inside the bank", lambda one: str(one.figures.count("internal", "completed"))
    yield "sent to other banks", lambda one: str(one.figures.count("outgoing"))
    yield "  credited there", lambda one: _number_and_sum(one, "completed")
    yield "  refunded", lambda one: _number_and_sum(one, "rejected")
    yield (
        "    because",
        lambda one: _listed({_reason(reason): number for reason, number in one.figures.reasons("outgoing", "rejected").items()}),
    )
    yield "refused before any debit", lambda one: _listed(one.refused())
    yield "repeated lines, booked once", lambda one: str(sum(outcome.outcome == "repeated" for outcome in one.outcomes))
    yield "books", lambda one: "[green]balance[/]" if one.books_balance else f"[red]{escape(one.books)}[/]"


def _short(path: Path) -> str:
    """Return the path as somebody in this folder would write it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _number_and_sum(result: Result, status: str) -> str:
    total = format_minor(result.figures.amount_minor("outgoing", status, "EUR"), "EUR")
    return f"{result.figures.count('outgoing', status)}  ({total} EUR)"


def _clearing(one: Result, other: Result) -> str:
    if one is other:
        return ""
    ours, theirs = clearing(one, other, "EUR"), clearing(other, one, "EUR")
    return f"{format_minor(ours, 'EUR')} EUR " + ("[green]mirrors[/]" if ours + theirs == 0 else "[red]does not mirror[/]")


def _reason(code: str) -> str:
    return f"{code} {_REASONS.get(code, '')}".strip()


def _listed(counts: dict[str, int]) -> str:
    return "\n".join(f"{number} {escape(name)}" for name, number in sorted(counts.items())) or "0"
