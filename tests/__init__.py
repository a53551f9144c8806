"""Tests of Empath; a directory for each package, and kit for what they share."""
