"""How a bank becomes one of the banks: the head bank invites it, it applies under its own key, two persons approve it."""

from dataclasses import dataclass

from banksite.demo.opening import Branch
from banksite.demo.supervisor import Job, Supervisor

_FIRST, _SECOND = "supervisor", "deputy"  # two members of the head bank's sample staff who look after the register


@dataclass(frozen=True, kw_only=True)
class Joining:
    """The way of one bank into the register, by the commands that its own and the head bank's people give."""

    supervisor: Supervisor
    head: Branch
    branch: Branch

    def steps(self) -> list[Job]:
        """Invite the bank; return what is to be done then, one after the other."""
        code = self.branch.bank.code
        (invited,) = self.supervisor.run([self.head.command("invite_bank", code, "--as", _FIRST)])
        said = ("--one-time-code", invited.answer.strip(), "--contact", "Chris at the front desk", "--site-url", self.branch.bank.url)
        return [self.branch.command("apply_to_head_bank", *said), self._approval(_FIRST), self._approval(_SECOND)]

    def _approval(self, username: str) -> Job:
        said = (self.branch.bank.code, "approve", "--reason", "a good bank", "--as", username)
        return self.head.command("change_bank", *said, name=f"change_bank as {username}")
