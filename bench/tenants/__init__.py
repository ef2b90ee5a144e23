"""Many tenants in one night: a shard at a time, beside queues that do one task a tenant."""
