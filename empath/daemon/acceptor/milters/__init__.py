"""Filters that speak the milter protocol: connections to them, and sessions that ask them."""
