"""PBC: fetch the published archive, check a copy, show the split."""
