"""Loading files into the warehouse: reading, checks, transforms, the report of a load."""
