"""Pure decisions, one place for each: access, limits, routing, classify, retry (layer 2)."""
