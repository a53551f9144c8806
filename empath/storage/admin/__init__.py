"""What people ask of the queue and order: read by the commands."""
