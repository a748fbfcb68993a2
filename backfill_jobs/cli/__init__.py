"""The command line ``props``: it parses arguments, calls use cases and prints their results."""
