"""tracing - which messages are traced, what a trace shows of them, and how its context is written"""
