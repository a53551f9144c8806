"""What all child processes share, and the only thing that the programs import of each other."""
