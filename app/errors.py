"""The one error that a user reads: a single clear line."""


class StudioError(Exception):
    """Something the user can mend; shown as one line, exit status 1, no traceback."""
