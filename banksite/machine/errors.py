"""The one way a machine says no: what is missing, and what to do about it."""


class MachineError(Exception):
    """This machine lacks something we cannot provide ourselves; the text is one line and ends with the remedy."""

    def __init__(self, *, problem: str, remedy: str) -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{problem}: {remedy}")
