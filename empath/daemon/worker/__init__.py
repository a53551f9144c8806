"""A delivery worker: leases, transports, settles."""
