"""Empath, a mail transfer agent whose queue is a database you can talk to."""

__version__ = "0.1.0"
