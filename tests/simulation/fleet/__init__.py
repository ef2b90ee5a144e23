"""Many tenants and several machines on one state, interleaved at every call of a port."""
