"""Text from outside made fit for a terminal and a report."""


def printable(text: str) -> str:
    r"""Write out what does not print: control codes, bytes that are no text.

    A file's name may hold anything; a terminal obeys some of it.

    Examples
    --------
    >>> printable("a\x1b[2J\udcff.jpg")
    'a\\x1b[2J\\udcff.jpg'
    >>> printable("Präparat 3.jpg")
    'Präparat 3.jpg'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
