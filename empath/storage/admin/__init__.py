"""People's questions and orders to the queue; the commands use this package."""
