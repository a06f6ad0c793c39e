"""Texts that recur, each kept once and stood for by a number."""

import json
import sqlite3


class StringTable:
    """The words of a database.

    Parameters
    ----------
    connection : sqlite3.Connection
        A new word is written at once, outside any transaction of a frame: when that
        frame fails, words and numbers still agree.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._words: dict[int, str] = dict(
            connection.execute("SELECT code, word FROM word")
        )
        self._codes = {word: code for code, word in self._words.items()}
        self._names: dict[int, tuple[str, ...]] = {}

    def code(self, word: str) -> int:
        """Give a word's number, a new one to a new word."""
        code = self._codes.get(word)
        if code is None:
            sql = "INSERT INTO word (word) VALUES (?)"
            code = int(self._connection.execute(sql, (str(word),)).lastrowid or 0)
            self._codes[word] = code
            self._words[code] = word
        return code

    def word(self, code: int) -> str:
        """Give a number's word.

        Raises
        ------
        ValueError
            When no word has it.
        """
        try:
            return self._words[code]
        except KeyError:
            raise ValueError(f"no word has the number {code}") from None

    def names(self, code: int) -> tuple[str, ...]:
        """Give the names in a word that is a JSON list."""
        if code not in self._names:
            self._names[code] = tuple(json.loads(self.word(code)))
        return self._names[code]
