"""The process that shows what all others count and how the service is, over HTTP."""
