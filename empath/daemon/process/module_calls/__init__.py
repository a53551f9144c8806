"""Modules of operators, called in a process: with deadlines, counted, and switched off when they fail."""
