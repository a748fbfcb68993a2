"""Messages and table rows."""
