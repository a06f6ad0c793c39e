"""One bench for many microscopes: what is found, named and answered on each.

The way through: `sets` reads labelled frames with one of the `readers` → `count`, as
``hemalens count`` does, and `given_boxes` → `finding`, `naming` and `scale` measure →
`report` → `terminal`. `cases` judges single pictures that went wrong once.
"""
