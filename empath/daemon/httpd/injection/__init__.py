"""Mail that comes by HTTP."""
