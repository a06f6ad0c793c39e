"""What keeps the station's data with those they are meant for."""
