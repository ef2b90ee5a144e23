"""Circuit breakers, by pybreaker: what leaves a provider alone that fails in a row."""
