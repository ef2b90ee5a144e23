"""The servers that tests run against, each a real one."""
