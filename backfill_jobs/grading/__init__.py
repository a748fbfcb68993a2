"""Jobs that grade predictions."""
