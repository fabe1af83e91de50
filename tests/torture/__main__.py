"""`python -m tests.torture N [SEED]`: one run, its verdict as one line of JSON; exit status 1 if it is not good.

The spool lies on a small disk of the run's own where the system lets it have one.
"""

from __future__ import annotations

import sys
from functools import partial

from tests.suite.namespace import enter_namespace
from tests.torture.command import command
from tests.torture.run import torture

__all__: list[str] = []

if __name__ == "__main__":
    try:
        enter_namespace()
        own_disk = True
    except OSError as error:
        print(f"the disk is not filled, files are limited in size instead: {error}", file=sys.stderr)
        own_disk = False
    sys.exit(command(partial(torture, own_disk=own_disk)))
