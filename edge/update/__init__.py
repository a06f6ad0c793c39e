"""Updates with a way back: of the model, and of the software that runs it.

A root folder holds the things that can run and says which of them does::

    current -> bundles/<sha256>.hemalens   one atomic rename switches it
    previous -> ...                        what was confirmed before
    trial.json                             present while the current one is on trial
    history.jsonl                          what happened, the newest last

From bottom to top: `hemalens.durable` changes the disk so that a power cut leaves the
old or the new; `history` and `trial` are its records; `switch` is the state machine;
`guard` runs it before the service starts. These need the standard library alone: the
guard must work when the software on trial does not. On them stand `models` (signed
bundles, with `trusted`, `camera`, `golden_test` and `current`) and `software` (two
environments).
"""
