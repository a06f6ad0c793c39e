import socket
import threading
from contextlib import contextmanager

import pytest

from edge.station.export.hl7_v2 import hl7
from edge.station.export.mllp import AckCode, DeliveryError, send
from tests.edge.station.review.made_report import made_report

MESSAGE = hl7(made_report(), "MSG1")
ACK = "MSH|^~\\&|LAB|||||20260304||ACK|1|P|2.5.1\rMSA|{}|{}|{}\r"


def framed(code, message_id="MSG1", reason=""):
    return b"\x0b" + ACK.format(code, message_id, reason).encode() + b"\x1c\r"


@contextmanager
def laboratory(*parts):
    """A laboratory system that hears one message and answers in these parts."""
    heard = []
    over = threading.Event()

    def serve(listener):
        connection, _ = listener.accept()
        with connection:
            message = b""
            while not message.endswith(b"\x1c\r"):
                message += connection.recv(4096)
            heard.append(message)
            for part in parts:
                if part is None:
                    over.wait(5)
                    return
                connection.sendall(part)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1], heard
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("code", AckCode)
def test_answer_is_given_with_its_reason(code):
    with laboratory(framed(code.value, reason="no such order")) as (port, heard):
        answer = send("127.0.0.1", port, MESSAGE, 2)
    assert (answer.code, answer.text) == (code, "no such order")
    assert heard == [b"\x0b" + MESSAGE.encode() + b"\x1c\r"]


def test_answer_in_pieces_is_put_together():
    whole = framed("AA")
    with laboratory(whole[:9], whole[9:-1], whole[-1:]) as (port, _):
        assert send("127.0.0.1", port, MESSAGE, 2).code is AckCode.ACCEPTED


@pytest.mark.parametrize(
    ("parts", "came"),
    [
        ([None], "no answer in time"),
        ([], "ended without an answer"),
        ([b"\x0bMSH|^~"], "ended without an answer"),
        ([framed("AA", "OTHER")], "is to message 'OTHER'"),
        ([framed("ZZ")], "no acknowledgement"),
        ([b"\x0bHTTP/1.1 400\x1c\r"], "no acknowledgement"),
        ([b"x" * 70_000], "no end"),
    ],
)
def test_no_sensible_answer_is_told(parts, came):
    with (
        laboratory(*parts) as (port, _),
        pytest.raises(DeliveryError, match=came),
    ):
        send("127.0.0.1", port, MESSAGE, 0.3)


def test_laboratory_system_that_is_away_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(DeliveryError, match="refused"):
        send("127.0.0.1", port, MESSAGE, 1)
