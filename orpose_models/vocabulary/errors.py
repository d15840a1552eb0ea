"""The error that a user's mistake or a bad input raises."""


class OrposeError(Exception):
    """Something the user can mend: the message says what, where and what to do.

    The command line prints the message without a traceback and exits with code 2.
    """


def reason_of(error: Exception) -> str:
    """What an error of the system or of a library says, on one line and without the name of a file."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def file_problem(error: OSError) -> str:
    """What the operating system says of a file, in one sentence that begins with the file's name."""
    reason = (error.strerror or str(error) or type(error).__name__).lower()
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    return f"{' -> '.join(names)}: {reason}" if names else reason
