"""Value types of mail: valid once built, without I/O, clock, randomness or logging (layer 0)."""
