"""Studies of the whole: what a choice costs and what a model is worth elsewhere."""
