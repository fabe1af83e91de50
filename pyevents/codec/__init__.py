"""From an event to bytes and back: the only place that validates and (de)serialises."""

from pyevents.codec.decoder import Decoder, Event, Skipped
from pyevents.codec.encoder import Encoded, Encoder

__all__ = ["Decoder", "Encoded", "Encoder", "Event", "Skipped"]
