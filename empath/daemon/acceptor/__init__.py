"""The acceptor: SMTP in, one greenlet for each connection, one group commit for all."""
