"""The networks: the paper's own, and its eight backbones."""
