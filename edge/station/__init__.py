"""The operator's station: live counts, review, sign-off, report."""
