"""What a microscope does to a picture of a cell, as a layer."""
