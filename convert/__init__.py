"""From a float model to an int8 bundle, and the evidence that it is as good."""
