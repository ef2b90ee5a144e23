"""The real use cases under a seeded plan of faults, against an oracle written apart from them."""
