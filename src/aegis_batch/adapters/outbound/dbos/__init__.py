"""The durable engine: DBOS Transact behind the ports of the work queue (ADR 10).

The library is imported when work is queued or taken up, and not before: it costs half a second.
"""
