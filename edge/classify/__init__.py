"""From crops to classes: priors, ensembles, what is uncertain."""
