"""What the daemons do to the queue: accept, lease, settle, tidy."""
