"""The entry point of the web process: refuses to start where a system check says that a promise would be lost."""

import gc
import os
import sys

from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banksite.settings")
application = get_wsgi_application()

from messaging.checks import WEB  # noqa: E402  # apps can be imported only now

try:
    call_command("check")
    call_command("check", tags=[WEB], deploy=True)
except SystemCheckError as error:  # a mistake of configuration, which it names with a remedy: no traceback
    sys.exit(str(error))
gc.freeze()  # the pages, too, are loaded only now
