"""The one kind of error that is the user's to mend: its message is printed as it is, without a traceback."""


class PolycolorError(ValueError):
    """What went wrong, where, and what to do about it, in one line."""


class PointError(PolycolorError):
    """A point that lies in no region of a drawing, or is none."""


class FileError(PolycolorError):
    """A file that cannot be read or written: which one, and why."""

    def __str__(self) -> str:
        # a file's name may hold line breaks, and an error is one line
        return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in super().__str__())
