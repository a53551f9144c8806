"""What Empath says of itself: structured log lines (layer 3)."""
