"""The processes: supervisor, acceptor, worker, housekeeper (layer 4)."""
