"""The one kind of error that is the user's to mend: its message is printed as it is, without a traceback."""


class PolycolorError(ValueError):
    """What went wrong, where, and what to do about it, in one line."""
