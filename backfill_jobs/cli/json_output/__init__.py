"""Types of what the commands print with ``--json``, for the reference and for the tests of the output."""
