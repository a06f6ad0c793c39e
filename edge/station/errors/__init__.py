"""What the station answers when a request cannot be fulfilled."""
