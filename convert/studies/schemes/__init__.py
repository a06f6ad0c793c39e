"""Int8 beside the other ways to quantize: accuracy, agreement, size, speed."""
