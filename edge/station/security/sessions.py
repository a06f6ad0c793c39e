"""Who is signed in: kept in this process alone, and measured by no calendar.

A clock that is set, by hand or by the network, prolongs no session and ends none; what
somebody writes into the database signs nobody in.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

IDLE_LIMIT_S: Final = 30 * 60.0
WHOLE_LIMIT_S: Final = 12 * 3600.0
MOST: Final = 1000
"""At once: beyond it the one that was idle for longest ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    name: str
    begun_s: float
    seen_s: float


class Sessions:
    """The sessions of a station that runs; they end with it.

    Parameters
    ----------
    clock : callable
        Seconds, never going back, and going on while the machine sleeps.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or _awake_or_asleep_s
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def begin(self, name: str) -> str:
        """Sign a person in and give the token, of which only a digest is kept."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            now = self._forget_expired()
            if len(self._sessions) >= MOST:
                oldest = min(self._sessions, key=lambda of: self._sessions[of].seen_s)
                del self._sessions[oldest]
            new = _Session(name=name, begun_s=now, seen_s=now)
            self._sessions[_digest(token)] = new
        return token

    def find(self, token: str) -> str | None:
        """Name who is signed in with a token, and keep them so for another while."""
        digest = _digest(token)
        with self._lock:
            now = self._forget_expired()
            session = self._sessions.get(digest)
            if session is None:
                return None
            self._sessions[digest] = replace(session, seen_s=now)
            return session.name

    def holds(self, token: str) -> bool:
        """Check whether somebody is signed in with a token, and prolong nothing."""
        with self._lock:
            self._forget_expired()
            return _digest(token) in self._sessions

    def end(self, token: str) -> str | None:
        """End a session and name whose it was."""
        with self._lock:
            self._forget_expired()
            session = self._sessions.pop(_digest(token), None)
        return None if session is None else session.name

    def end_all(self, name: str) -> None:
        """End all of a person's sessions."""
        with self._lock:
            self._sessions = {
                digest: session
                for digest, session in self._sessions.items()
                if session.name != name
            }

    def _forget_expired(self) -> float:
        now = self._clock()
        self._sessions = {
            digest: session
            for digest, session in self._sessions.items()
            if now - session.seen_s <= IDLE_LIMIT_S
            and now - session.begun_s <= WHOLE_LIMIT_S
        }
        return now


def _awake_or_asleep_s() -> float:
    # Linux alone has it; elsewhere the monotonic clock may stand still in sleep.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
