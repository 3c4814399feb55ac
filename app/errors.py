"""The errors of the studio: the one that a user reads, and the one that stops a lost attempt."""


class StudioError(Exception):
    """Something the user can mend; shown as one line, exit status 1, no traceback."""


class RunLostError(Exception):
    """Another attempt has taken the run over, or it has ended: stop, and write nothing more."""
