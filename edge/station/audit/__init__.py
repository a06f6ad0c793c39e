"""The station's audit trail and its key."""
