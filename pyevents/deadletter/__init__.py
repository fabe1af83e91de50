"""Dead letters, from an operator's side: seen, chosen, sent to their consumer once more, or settled for good."""

from pyevents.deadletter.choice import Choice
from pyevents.deadletter.letter import DeadLetter
from pyevents.deadletter.replay import Replay
from pyevents.deadletter.topic import DeadLetterTopic

__all__ = ["Choice", "DeadLetter", "DeadLetterTopic", "Replay"]
