"""One message to the laboratory system and its answer, over MLLP.

References
----------
HL7 Version 3 Standard: Transport Specification, MLLP, Release 1; acknowledgement codes
of HL7 table 0008.
"""

import socket
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hemalens.errors import HemaLensError

START: Final = b"\x0b"
END: Final = b"\x1c\r"
LONGEST_ANSWER: Final = 65_536


class DeliveryError(HemaLensError):
    """A laboratory system that could not be reached, or gave no sensible answer."""


class AckCode(StrEnum):
    """What the laboratory system made of a message."""

    ACCEPTED = "AA"
    ERROR = "AE"
    REJECTED = "AR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """The answer to a message.

    Parameters
    ----------
    text : str
        The system's reason, empty where it gives none.
    """

    code: AckCode
    text: str = ""


def send(
    host: str, port: int, message: str, timeout_s: float = 10.0
) -> Acknowledgement:
    """Send one message and wait for its answer, `timeout_s` in all.

    Raises
    ------
    DeliveryError
        When there is no connection, no answer in time, or the answer is to another
        message. Whether the message arrived is then unknown; sent again it has the
        same control id, by which the other side tells that it is the same.
    """
    wanted = f"sending a result to the laboratory system at {host}:{port}"
    try:
        answer = _exchange(host, port, message.encode(), time.monotonic() + timeout_s)
    except OSError as error:
        came = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        raise DeliveryError(f"{wanted}: {came}; it stays queued") from error
    return _acknowledgement(answer.decode(errors="replace"), message, wanted)


def _exchange(host: str, port: int, message: bytes, until: float) -> bytes:
    with socket.create_connection((host, port), timeout=_left(until)) as connection:
        connection.sendall(START + message + END)
        answer = b""
        while END not in answer:
            connection.settimeout(_left(until))
            part = connection.recv(4096)
            if not part:
                raise ConnectionResetError("the connection ended without an answer")
            answer += part
            if len(answer) > LONGEST_ANSWER:
                raise ConnectionError("the answer has no end")
    return answer.partition(END)[0].partition(START)[2]


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _acknowledgement(answer: str, message: str, wanted: str) -> Acknowledgement:
    found = _msa(answer)
    # Enhanced mode answers CA, CE, CR in the same places.
    code = found[1].replace("C", "A", 1) if len(found) > 2 else ""
    if code not in set(AckCode):
        raise DeliveryError(f"{wanted}: the answer is no acknowledgement; see its log")
    if found[2] != _control_id(message):
        raise DeliveryError(
            f"{wanted}: the answer is to message {found[2]!r}; it stays queued"
        )
    return Acknowledgement(code=AckCode(code), text="".join(found[3:4]))


def _msa(answer: str) -> list[str]:
    segments = answer.replace("\n", "\r").split("\r")
    return next((one.split("|") for one in segments if one.startswith("MSA|")), [])


def _control_id(message: str) -> str:
    return message.partition("\r")[0].split("|")[9]
