"""The topics and the rights that a cluster must have: compared with what it has, and brought there.

`plan` and `grants` decide and know no Kafka; `pyevents.kafka.cluster` asks and changes the cluster.
"""

from pyevents.topics.apply import apply
from pyevents.topics.grants import grants, plan_grants
from pyevents.topics.plan import Change, plan

__all__ = ["Change", "apply", "grants", "plan", "plan_grants"]
