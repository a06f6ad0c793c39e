"""Text of a file whose origin is not known, fit for a terminal."""


def terminal_safe(text: str) -> str:
    r"""Replace what is not printable: it could command the terminal.

    Examples
    --------
    >>> terminal_safe("conv\x1b[2J")
    'conv?[2J'
    """
    return "".join(sign if sign.isprintable() else "?" for sign in text)
