"""What the station keeps: samples, results, pictures."""
