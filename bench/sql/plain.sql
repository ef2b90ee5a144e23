-- Counts, sums and ranks one day, and checks nothing: what a person would type.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT count(*), sum(total)
FROM orders
WHERE created_at >= '2026-11-21T03:00:00Z' AND created_at < '2026-11-22T03:00:00Z';

SELECT items.name, sum(items.quantity) AS quantity
FROM orders
JOIN order_items AS items ON items.order_id = orders.id
WHERE orders.created_at >= '2026-11-21T03:00:00Z' AND orders.created_at < '2026-11-22T03:00:00Z'
GROUP BY items.name
ORDER BY quantity DESC, items.name COLLATE "C"
LIMIT 10;

COMMIT;
