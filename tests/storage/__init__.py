"""Tests of the queue database and the spool."""
