"""The bank's web application for tests: a worker that is told to die does so when the answer is made and nothing of it is sent."""

import os
import signal
from collections.abc import Iterable
from typing import Any

from banksite.wsgi import application as bank


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer as the bank does, or be killed between the commit and the answer."""
    answer = bank(environ, start_response)
    if "HTTP_DIE" in environ:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
