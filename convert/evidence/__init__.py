"""Whether an int8 model is as good as its float model: measured, judged, shown."""
