"""`python -m tests.torture N [SEED]`: one run, its verdict as one line of JSON; exit status 1 if it is not good."""

from __future__ import annotations

import sys

from tests.torture.command import command
from tests.torture.run import torture

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(command(torture))
