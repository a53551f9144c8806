"""The transports of a worker, one module for each kind of route."""
