"""The schema registry: looking schemas up, registering them, and remembering ids between restarts."""

from pyevents.registry.client import HttpRegistry, Registry, Schema
from pyevents.registry.ids import Ids

__all__ = ["HttpRegistry", "Ids", "Registry", "Schema"]
