"""The mail server's side of the milter protocol: octets in, answers of a filter out."""
