"""How good a model is: figures, reports, tables of several models."""
