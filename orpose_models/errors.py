"""The error that a user's mistake or a bad input raises."""


class OrposeError(Exception):
    """Something the user can mend: the message says what, where and what to do.

    The command line prints the message without a traceback and exits with code 2.
    """
