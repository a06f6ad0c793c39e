"""What the station refuses, in words, each reason with a code that stays.

The page puts a code into its own language and takes what `{name}` stands for from the
values beside it; where it has no words for a code it shows the sentence.
"""

from enum import Enum
from typing import Final

from hemalens.errors import StationError

Values = dict[str, str | int]


class Reason(Enum):
    """A reason: the status of HTTP, what is wrong, and what to do."""

    NOBODY_SIGNED_IN = 401, "nobody is signed in", "sign in"
    WRONG_SIGN_IN = 401, "name or password is wrong", "try again"
    NOT_FROM_PAGE = 403, "the request does not come from this page", "reload the page"
    NOT_FOR_ROLE = 403, "this is not for the role {role}", "ask a {wanted}"
    NOT_YOUR_COUNT = (
        403,
        "this count is steered by {person}",
        "watch, or ask them or a supervisor",
    )
    WRONG_PASSWORD = 403, "the password is wrong", "nothing was done, type it again"
    MAY_NOT_SIGN = 403, "{person} may not sign", "ask an operator"
    AMENDMENT_NEEDS_SUPERVISOR = (
        403,
        "an amended report is signed by a supervisor",
        "ask one",
    )
    TOO_MANY_ATTEMPTS = 429, "there were too many attempts", "wait some minutes"

    NO_SUCH_COUNT = 404, "there is no such count", "choose one of the list of samples"
    NO_SUCH_CELL = 404, "there is no such cell in this count", "load the cells again"
    NO_SUCH_PICTURE = 404, "there is no picture of this frame", "choose another"
    NO_SUCH_ACCOUNT = 404, "there is no account {name}", "see the list of accounts"
    NO_SUCH_MESSAGE = 404, "there is no such message", "load the list again"

    NO_COUNT_UNDER_WAY = 409, "no count is under way", "start one"
    COUNT_UNDER_WAY = 409, "a count is under way", "finish it first"
    TARGET_NOT_REACHED = 409, "the target is not reached yet", "let it count"
    CANNOT_STEER = 409, "cannot {command}, the station is {state}", "reload the page"
    SOURCE_BUSY = (
        409,
        "the camera does not let go of the count",
        "switch the camera off, then try again",
    )
    STATION_CLOSES = 409, "the station closes", "the count can be resumed"
    COUNT_THERE = 409, "count {count_id} is there already", "begin another"
    SAMPLE_NAME = (
        409,
        "a sample's name has 1 to {most} printable characters, this one has {found}",
        "type or scan it again",
    )
    COUNT_NAME = (
        409,
        "a count is named by 32 hexadecimal digits",
        "see the list of samples",
    )
    STILL_COUNTING = 409, "{sample} is still being counted", "finish first"
    COUNT_SIGNED = (
        409,
        "the count of {sample} is signed by {person} and changes no more",
        "a supervisor may amend it",
    )
    CELLS_OPEN = (
        409,
        "{open} uncertain cells of {sample} are not settled",
        "give each a class or remove it, then sign",
    )
    CELL_CHANGED = (
        409,
        "cell {cell} changed since it was looked at, by {person}: {theirs}",
        "look again, then decide",
    )
    REPORT_CHANGED = (
        409,
        "the count of {sample} changed since its report was looked at",
        "read it again, then sign",
    )
    CELL_THERE = (
        409,
        "there is a cell already where this one is marked: {cell}, {now}",
        "give that one its class instead",
    )
    COUNTED_ELSEWHERE = (
        409,
        "the cell marked is counted already, as cell {cell} of another frame",
        "look at that one",
    )
    SIGNATURE_BROKEN = (
        409,
        "what was signed of count {count_id} is no longer what the station keeps",
        "restore a backup",
    )
    RECORD_CHANGED = (
        409,
        "{row} was changed past the station",
        "call your service",
    )
    NOT_SIGNED = 409, "the count of {sample} is not signed", "correct it, then sign"
    SUPERSEDED = (
        409,
        "the report of {sample} is superseded by an amended one",
        "take that one",
    )
    AMENDMENT_OPEN = (
        409,
        "an amendment of {sample} is begun already",
        "sign or discard that one",
    )

    NO_REASON = (
        409,
        "an amendment's reason has 1 to {most} characters, this one has {found}",
        "say why the report is amended",
    )

    NOTHING_TO_UNDO = 409, "there is nothing to take back in this count", "go on"
    CELL_NOTHING_TO_UNDO = 409, "there is nothing to undo on cell {cell}", "go on"
    CELL_UNKNOWN = (
        409,
        "the count has no cell {cell} to review",
        "load the cells again",
    )
    CELL_NOWHERE = (
        409,
        "the added cell {cell} has no place in a frame",
        "restore a backup",
    )
    NOT_MARKED = 409, "adding a cell takes its class, frame and box", "mark it"
    NO_BOX = 409, "{box} is no box in a frame", "mark it again"
    NO_CELL_CHOSEN = 409, "no cell was chosen", "choose one or more"
    NO_CLASS_CHOSEN = 409, "no class was chosen", "choose one"
    NOTHING_LOCATED = (
        409,
        "a check needs cells found and missed, not {found} and {missed}",
        "count them again",
    )

    ACCOUNT_NAME = (
        409,
        "an account's name has letters, digits and . _ @ -, a letter or digit first, "
        "and at most {most} characters",
        "choose another",
    )
    FULL_NAME = (
        409,
        "an account needs a full name of printable characters",
        "give it as it shall stand on reports",
    )
    ACCOUNT_TAKEN = 409, "there is an account {name} already", "choose another name"
    OWN_ACCOUNT = (
        409,
        "nobody locks their own account or changes its role",
        "ask another service account",
    )
    PASSWORD_LENGTH = (
        409,
        "a password has {least} to {most} characters, this one has {found}",
        "choose another",
    )
    NO_ACCOUNTS = (
        409,
        "this station has no accounts, and asks for no password",
        "add one with 'hemalens station account add'",
    )
    MESSAGE_ACCEPTED = (
        409,
        "the laboratory system has taken this message",
        "queue the result again if it lost it",
    )

    NOT_OF_COUNT = (
        409,
        "a count of {cells} cells has no {found} found and {missed} missed",
        "count again",
    )
    NO_SUCH_CHECK = 404, "there is no such check, or it is struck", "load the list"
    MESSAGE_WITHDRAWN = (
        409,
        "this provisional message was overtaken by a later report",
        "send that one",
    )
    PROVISIONAL = (
        409,
        "the count of {sample} is not signed, and {open} of its cells are uncertain",
        "sign it, or say that a provisional result is to be sent",
    )
    CONTROL = (
        409,
        "{sample} is a control slide and no patient's",
        "export it as a table or on paper",
    )
    NOTHING_COUNTED = (
        409,
        "no leukocyte of {sample} was counted",
        "count on, or discard the count",
    )
    BELOW_TARGET = (
        409,
        "only {count} of {target} leukocytes of {sample} are counted",
        "count it again on more fields, or sign below the target: the report says so",
    )
    SAMPLE_THERE = (
        409,
        "{sample} was counted already, and is signed by {person}",
        "check the sample's id, or say that it is counted again",
    )

    NOT_FOUND = 404, "there is nothing at this address", "reload the page"
    NOT_SO = 405, "this address is not used so", "reload the page"
    TOO_LARGE = 413, "the request is larger than 1 MiB", "send less at a time"
    NOT_AS_WANTED = 422, "the request is not as wanted: {detail}", None
    UNREADABLE = 400, "the request cannot be read", "reload the page"
    STATION_FAULT = (
        500,
        "the station has a fault",
        "try again; if it stays, call your service",
    )
    STORAGE = 503, "{detail}", "make room on the disk, or call your service"
    FAILED = 503, "{detail}", "try again; if it stays, call your service"
    REFUSED = 409, "{detail}", None

    def __init__(self, status: int, what: str, mend: str | None) -> None:
        self.status = status
        self.what = what
        self.mend = mend

    @property
    def code(self) -> str:
        """Its name in lower case, as the page knows it."""
        return self.name.lower()


class RefusedError(StationError):
    """Something that the station does not do, for a reason that has a code.

    Parameters
    ----------
    retry_after_s : float, optional
        How long until it may be tried again.
    **values : str or int
        What stands in the sentence.
    """

    def __init__(
        self, reason: Reason, *, retry_after_s: float | None = None, **values: str | int
    ) -> None:
        what = reason.what.format(**values)
        super().__init__(what if reason.mend is None else f"{what}: {reason.mend}")
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.values: Final = values
