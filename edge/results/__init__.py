"""What a count gives: tallies, the differential, folders, overlays."""
