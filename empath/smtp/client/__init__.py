"""The client role of SMTP, sans I/O."""
