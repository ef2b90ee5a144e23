-- The orders of :tenants shops on one day, :orders of each, three lines an order, totals that match.
-- Orders come in by turns, so that ids grow with time and the orders of a shop lie apart. Order n of
-- all has the figures that shop.sql gives to its order n (bench/tenants/town.py has them in Python).
\set ON_ERROR_STOP on

CREATE TABLE tenants (id text PRIMARY KEY, active boolean NOT NULL);
CREATE UNIQUE INDEX ON tenants (id COLLATE "C");
INSERT INTO tenants
SELECT 'shop-' || lpad(t::text, 6, '0'), true FROM generate_series(0, :tenants - 1) AS t;

-- Unlogged, which speeds up writing and is nothing to reading.
CREATE UNLOGGED TABLE orders (
    id bigint NOT NULL,
    shop text NOT NULL,
    created_at timestamptz NOT NULL,
    total numeric(12, 2) NOT NULL
);
CREATE UNLOGGED TABLE order_items (
    id bigint GENERATED ALWAYS AS IDENTITY,
    order_id bigint NOT NULL,
    name text NOT NULL,
    quantity integer NOT NULL,
    unit_price numeric(10, 2) NOT NULL
);

INSERT INTO order_items (order_id, name, quantity, unit_price)
SELECT n, 'Item ' || item, 1 + (n + line) % 4, (100 + item * 37 % 9000) / 100.0
FROM generate_series(1, :tenants * :orders::bigint) AS n,
    generate_series(0, 2) AS line,
    LATERAL (SELECT (n * 7 + line * 13 + n * n % 97) % 500 AS item) AS chosen;

INSERT INTO orders (id, shop, created_at, total)
SELECT n, 'shop-' || lpad(((n - 1) % :tenants)::text, 6, '0'),
    :'start'::timestamptz + (n - 1) * interval '24 hours' / (:tenants * :orders::bigint),
    (
        SELECT sum((1 + (n + line) % 4) * (100 + item * 37 % 9000)) / 100.0
        FROM generate_series(0, 2) AS line,
            LATERAL (SELECT (n * 7 + line * 13 + n * n % 97) % 500 AS item) AS chosen
    )
FROM generate_series(1, :tenants * :orders::bigint) AS n;

ALTER TABLE orders ADD PRIMARY KEY (id);
ALTER TABLE order_items ADD PRIMARY KEY (id);
-- What reads a day wants the one, what reads a shop's day the other.
CREATE INDEX ON orders (created_at);
CREATE INDEX ON orders (shop, created_at);
CREATE INDEX ON order_items (order_id);
VACUUM (ANALYZE) tenants;
VACUUM (ANALYZE) orders;
VACUUM (ANALYZE) order_items;
