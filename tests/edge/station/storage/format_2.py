"""A station of format 2: its database as that version wrote it, and its counts."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

from edge.station.audit.key import KEY_NAME, AuditKey, write_key
from edge.station.station import DATABASE_NAME
from tests.edge.station.made_station import write_results

SIGNED: Final = "acd59574189fcb5872391a30e072bafa"
"""Of ``S-1``; amended by the next."""
AMENDED: Final = "67277751de4f507139a466d202204e92"
IN_REVIEW: Final = "4d24fd4418f3c5338bf30233cea3d6f3"
"""Of ``S-2``: cell 3 is removed, cell 9 open."""
DISCARDED: Final = "330d1df08541488ec61ca6523525d9dc"
CONTROL: Final = "b4dc9e5d06892b3371cab50880656d44"
COUNTING: Final = "767579c6931f0bcd368f0bf5bf2466f7"
_NEW: Final = {"facts", "age_days", "sex", "covers"}
_KEY: Final = "affad5a3f45b2c331fca0d434a00e4ab34a18357c7cd860d6ae70d3c21f19f11"


def lay_out(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    write_key(folder / KEY_NAME, AuditKey(secret=bytes.fromhex(_KEY)))
    (folder / "station.toml").write_text("[reference_percent]\nmonocyte = [1, 9]\n")
    counts = folder / "counts"
    counts.mkdir()
    for count_id in (SIGNED, IN_REVIEW, CONTROL):
        write_results(counts / count_id)
    dump = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    path = folder / DATABASE_NAME
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            f"{dump}PRAGMA user_version=2; PRAGMA journal_mode=WAL;"
        )


def read_tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Read all that a database of any format keeps, facts and copied cells aside."""
    names = ("account", "review", "signature", "audit", "located", "sample")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        rows = {name: connection.execute(f"SELECT * FROM {name}") for name in names}
        return {
            name: [tuple(v for k, v in dict(r).items() if k not in _NEW) for r in found]
            for name, found in rows.items()
        }
