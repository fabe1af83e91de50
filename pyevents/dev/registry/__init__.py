"""A schema registry for development and tests: Confluent's REST interface on loopback, in memory or one file.

    http      bytes: connections, requests, answers
    routes    which question is answered by what
    registry  the rules: what may be registered, deleted, changed
    store     the schemas themselves
    schema    one posted schema: is it one, and which is it
    refusal   the statuses and codes of Confluent's interface

What it does not have: contexts, schema references, PROTOBUF, aliases, users.
"""
