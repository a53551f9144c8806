"""The console: pages about the queue and the service, made on the server."""
