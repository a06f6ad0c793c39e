"""Review, signature and amendment of a counted sample."""
