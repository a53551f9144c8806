"""Modules of [modules] in the acceptor: the session that asks them."""
