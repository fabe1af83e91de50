"""The command `pyevents`: it reads arguments and prints; what it says comes from the layers below."""

from pyevents.cli.main import main

__all__ = ["main"]
