"""What operators' tools read: metrics for Prometheus, spans for OpenTelemetry, CloudEvents headers; all optional.

Each module needs its own extra, and none costs anything where it is not used.
"""
