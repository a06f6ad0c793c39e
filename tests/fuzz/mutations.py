"""Bytes changed as a damaged card, a cut cable or an attacker would."""

import random


def mutated(content: bytes, seed: int, header_bytes: int = 200) -> bytes:
    """Change a file in one to four ways, mostly near its start, where sizes stand."""
    chance = random.Random(seed)
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        near = min(len(changed), header_bytes)
        at = chance.randrange(near if chance.random() < 0.7 else len(changed))
        kind = chance.randrange(5)
        if kind == 0:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            changed[at : at + 4] = chance.choice(
                [b"\xff" * 4, b"\x7f\xff\xff\xff", bytes(4), b"\0\0\x40\0"]
            )
        elif kind == 2:
            del changed[at : at + chance.randrange(1, 64)]
        elif kind == 3:
            changed[at:at] = chance.randbytes(chance.randrange(1, 64))
        else:
            del changed[max(at, 8) :]
        if not changed:
            changed = bytearray(b"\0")
    return bytes(changed)
