-- What a script under cron would ask: counts, sums and ranks in one snapshot, and no check at all.
\set ON_ERROR_STOP on
\pset tuples_only on
\pset format unaligned
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT count(*), sum(total)
FROM orders
WHERE created_at >= :'start' AND created_at < :'end';
SELECT item.name, sum(item.quantity)
FROM orders JOIN order_items AS item ON item.order_id = orders.id
WHERE orders.created_at >= :'start' AND orders.created_at < :'end'
GROUP BY item.name
ORDER BY sum(item.quantity) DESC, item.name COLLATE "C"
LIMIT 10;
COMMIT;
