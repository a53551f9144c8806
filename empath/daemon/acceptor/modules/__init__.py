"""Modules of [modules] in the acceptor: their calls, the watchdog, and the session that asks them."""
