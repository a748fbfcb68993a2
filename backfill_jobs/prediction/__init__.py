"""Jobs that predict game dates."""
