"""Logins: the back ends of `[auth] backends`, and the exchange of one client."""
