"""From PBC's class folders to a float model and its evaluation."""
