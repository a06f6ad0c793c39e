"""What a slide looks like, learned over its frames; what lies outside experience."""
