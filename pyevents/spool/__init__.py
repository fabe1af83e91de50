"""The producer's write-ahead log: every event lies here before it is sent, and until the broker has it.

Start at `stream` for what a spool is, at `folder` for the one on disk, at `record` for the bytes.
"""
