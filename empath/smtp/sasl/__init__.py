"""
SASL, sans I/O: the exchanges by which a client proves who it is, RFC 4422

An exchange takes what the peer said and gives a step.  It looks nothing up: a step asks for the keys of an account, or
gives a password or token that someone else must check.  Names and passwords are compared as `prepared` makes them.
"""
