"""Questions and orders of people to the queue, for the commands."""
