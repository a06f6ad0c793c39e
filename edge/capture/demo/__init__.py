"""A drawn smear: stain, cells, slide and camera of the simulated source `demo:`."""
