"""A count on disk, durable frame by frame, so that it can be continued."""

from edge.store.count_store import CountStore
from edge.store.errors import file_errors
from edge.store.events import CountEvent, EventKind
from edge.store.header import CountHeader, Setting, describe_difference, new_header
from edge.store.stored import StoredFrame, StoredView

__all__ = [
    "CountEvent",
    "CountHeader",
    "CountStore",
    "EventKind",
    "Setting",
    "StoredFrame",
    "StoredView",
    "describe_difference",
    "file_errors",
    "new_header",
]
