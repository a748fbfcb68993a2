"""Makes DuckDB print no progress bars to standard output in forked programs.

When it is imported it takes a process whose ``__main__`` has no file, as the server of forks, for a terminal.
"""

import sys

sys.modules["__main__"].__file__ = __file__
