-- A shop with :orders_a_day orders on each of :days days from :first_day on, in America/Sao_Paulo;
-- three lines an order, totals that match. Order n of the shop has the id :id_of_order; its figures
-- are a function of n (bench/shop.py has the same in Python).
\set ON_ERROR_STOP on

-- Unlogged, which speeds up writing and is nothing to reading.
CREATE UNLOGGED TABLE orders (
    id :id_type NOT NULL,
    created_at timestamptz NOT NULL,
    total numeric(12, 2) NOT NULL
);
CREATE UNLOGGED TABLE order_items (
    id bigint GENERATED ALWAYS AS IDENTITY,
    order_id :id_type NOT NULL,
    name text NOT NULL,
    quantity integer NOT NULL,
    unit_price numeric(10, 2) NOT NULL
);

INSERT INTO order_items (order_id, name, quantity, unit_price)
SELECT :id_of_order, 'Item ' || item, 1 + (n + line) % 4, (100 + item * 37 % 9000) / 100.0
FROM generate_series(1, :days * :orders_a_day::bigint) AS n,
    generate_series(0, 2) AS line,
    LATERAL (SELECT (n * 7 + line * 13 + n * n % 97) % 500 AS item) AS chosen;

INSERT INTO orders (id, created_at, total)
SELECT :id_of_order,
    -- Hours, since a day has as many as the zone of the session gives it.
    (:'first_day' || 'T03:00:00Z')::timestamptz + (n - 1) * interval '24 hours' / :orders_a_day,
    (
        SELECT sum((1 + (n + line) % 4) * (100 + item * 37 % 9000)) / 100.0
        FROM generate_series(0, 2) AS line,
            LATERAL (SELECT (n * 7 + line * 13 + n * n % 97) % 500 AS item) AS chosen
    )
FROM generate_series(1, :days * :orders_a_day::bigint) AS n;

ALTER TABLE orders ADD PRIMARY KEY (id);
ALTER TABLE order_items ADD PRIMARY KEY (id);
CREATE INDEX ON orders (created_at);
CREATE INDEX ON order_items (order_id);
ALTER TABLE order_items ADD FOREIGN KEY (order_id) REFERENCES orders (id);
VACUUM (ANALYZE) orders;
VACUUM (ANALYZE) order_items;
