"""What a Confluent-compatible registry will answer, told offline: its compatibility rules for JSON Schema and Avro.

    node      a schema text as the registry's parser sees it
    differ    two of them side by side: what changed, by name and place
    combined, kinds, objects, arrays    the rules of each kind of schema
    rule      which of the names let a change pass
    judge     the answer for one pair of texts

Written from the published rules and from answers of Confluent's checker 8.5.0 (strict policy).
"""

from pyevents_codegen.confluent.judge import Answer, judge, pairs

__all__ = ["Answer", "judge", "pairs"]
