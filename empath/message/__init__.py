"""RFC 5322 octets: header scan, trace fields (layer 1)."""
