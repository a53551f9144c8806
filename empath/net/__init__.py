"""Streams, resolver and wake-ups; the only home of sockets that carry mail (layer 3)."""
