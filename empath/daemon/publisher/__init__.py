"""The process that sends events to endpoints and sinks."""
