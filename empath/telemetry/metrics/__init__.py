"""What each process counts: the catalogue of metrics, their values, and what feeds them."""
