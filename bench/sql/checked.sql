-- The same figures, with every order checked as a careful person would write it by hand: one pass
-- over the orders with their lines, one over the names, and the smallest ids of what is broken.
\set ON_ERROR_STOP on
\pset tuples_only on
\pset format unaligned
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
WITH lines AS (
    SELECT item.order_id,
        sum(item.quantity * item.unit_price) AS amount,
        bool_or(item.quantity IS NULL OR item.unit_price IS NULL
            OR item.unit_price IN ('NaN', 'Infinity', '-Infinity')) AS invalid_number,
        bool_or(item.quantity < 1) AS invalid_quantity,
        bool_or(item.unit_price < 0) AS negative_price,
        bool_or(btrim(coalesce(item.name, ''), E' \t\n\v\f\r') = '') AS invalid_name
    FROM orders JOIN order_items AS item ON item.order_id = orders.id
    WHERE orders.created_at >= :'start' AND orders.created_at < :'end'
    GROUP BY item.order_id
), judged AS (
    SELECT orders.id, orders.total,
        orders.total IS NULL OR orders.total IN ('NaN', 'Infinity', '-Infinity')
            OR coalesce(lines.invalid_number, false) AS invalid_number,
        orders.total < 0 AS negative_total,
        coalesce(lines.invalid_quantity, false) AS invalid_quantity,
        coalesce(lines.negative_price, false) AS negative_price,
        coalesce(lines.invalid_name, false) AS invalid_name,
        lines.order_id IS NULL AS empty_order,
        abs(orders.total - coalesce(lines.amount, 0)) > 0.00 AS line_total_mismatch
    FROM orders LEFT JOIN lines ON lines.order_id = orders.id
    WHERE orders.created_at >= :'start' AND orders.created_at < :'end'
)
SELECT count(*), sum(total),
    (array_agg(id ORDER BY id) FILTER (WHERE invalid_number))[1:10],
    (array_agg(id ORDER BY id) FILTER (WHERE negative_total))[1:10],
    (array_agg(id ORDER BY id) FILTER (WHERE invalid_quantity))[1:10],
    (array_agg(id ORDER BY id) FILTER (WHERE negative_price))[1:10],
    (array_agg(id ORDER BY id) FILTER (WHERE invalid_name))[1:10],
    (array_agg(id ORDER BY id) FILTER (WHERE empty_order))[1:10],
    (array_agg(id ORDER BY id) FILTER (WHERE line_total_mismatch))[1:10]
FROM judged;
SELECT item.name, sum(item.quantity)
FROM orders JOIN order_items AS item ON item.order_id = orders.id
WHERE orders.created_at >= :'start' AND orders.created_at < :'end'
GROUP BY item.name
ORDER BY sum(item.quantity) DESC, item.name COLLATE "C"
LIMIT 10;
COMMIT;
