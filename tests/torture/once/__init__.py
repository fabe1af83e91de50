"""The torture of inbox and outbox: whatever is killed, every input has one effect and one output.

Start at `run`; `service` is the process that is killed.
"""
