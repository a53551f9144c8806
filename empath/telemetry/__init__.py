"""Reports about Empath itself: structured log lines (layer 3)."""
