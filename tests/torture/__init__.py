"""Torture: publish under load while broker, registry, disk and processes are mistreated, then count.

Start at `run` for what happens, at `mischief` for what is done to the servers, at `verdict` for what is asked.
"""
