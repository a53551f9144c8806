"""Delivery status notifications, RFC 3461 and RFC 3464: their structure and their octets."""
