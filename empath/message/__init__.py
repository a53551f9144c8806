"""RFC 5322 octets: header fields, MIME parts, trace fields, reports (layer 1)."""
