"""What travels between the rooms: counted frames, progress, summaries."""
