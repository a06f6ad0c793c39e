"""The shared vocabulary of HemaLens: classes, records, errors, crops, bundles."""
