-- The same figures, and every check that a close makes, with the ids of broken orders.
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

WITH day AS (
    SELECT id, total
    FROM orders
    WHERE created_at >= '2026-11-21T03:00:00Z' AND created_at < '2026-11-22T03:00:00Z'
),
judged AS (
    SELECT day.id,
        coalesce(day.total < 0, false) AS negative_total,
        count(items.order_id) = 0 AS empty_order,
        coalesce(day.total IN ('NaN', 'Infinity', '-Infinity'), true)
            OR bool_or(
                items.order_id IS NOT NULL
                AND (items.quantity IS NULL
                    OR coalesce(items.unit_price IN ('NaN', 'Infinity', '-Infinity'), true))
            ) AS invalid_number,
        coalesce(bool_or(items.quantity < 1), false) AS invalid_quantity,
        coalesce(bool_or(items.unit_price < 0), false) AS negative_price,
        bool_or(items.order_id IS NOT NULL AND btrim(coalesce(items.name, '')) = '')
            AS invalid_name,
        abs(day.total - coalesce(sum(items.quantity * items.unit_price), 0)) > 0
            AS line_total_mismatch
    FROM day
    LEFT JOIN order_items AS items ON items.order_id = day.id
    GROUP BY day.id, day.total
),
broken AS (
    SELECT rule, id
    FROM judged,
        LATERAL (
            VALUES ('negative_total', negative_total), ('empty_order', empty_order),
                ('invalid_number', invalid_number), ('invalid_quantity', invalid_quantity),
                ('negative_price', negative_price), ('invalid_name', invalid_name),
                ('line_total_mismatch', line_total_mismatch)
        ) AS found (rule, is_broken)
    WHERE is_broken
    UNION ALL
    SELECT 'duplicate_order', id FROM day GROUP BY id HAVING count(*) > 1
)
SELECT 'broken', rule, count(*), (array_agg(id ORDER BY id))[1:10] FROM broken GROUP BY rule;

COMMIT;
