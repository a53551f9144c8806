"""The server role of SMTP, sans I/O."""
