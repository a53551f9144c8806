"""Which hosts take mail for a domain, RFC 5321 section 5: a search without I/O."""
