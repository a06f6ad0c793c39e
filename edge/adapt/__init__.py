"""Adapting a bundle to a site, with cells that a person there has labelled.

The way through: `labelled_cells` reads and classifies them as a count would,
`fit_correction` fits the correction for one strength of penalty, `choose_penalty`
chooses that strength, `proof` measures the gain on cells held back, and `adaptation`
puts it together into a bundle of its own version. NumPy alone: it runs on the device.
"""
