"""One frame by itself: quality, focus, pixel size, optics."""
