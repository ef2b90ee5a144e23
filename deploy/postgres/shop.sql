-- A made-up shop for local work: the last eight days of orders, seen from the first start. The data
-- live in the container alone; `docker compose down` takes them away.

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'paid',
    total numeric(12, 2) NOT NULL
);
CREATE TABLE order_items (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders,
    name text NOT NULL,
    quantity integer NOT NULL,
    unit_price numeric(12, 2) NOT NULL
);

-- One order every 10 minutes of the last eight days, each with one to three lines.
WITH menu (number, name, price) AS (
    VALUES (0, 'Hambúrguer', 32.90), (1, 'Refrigerante', 7.50), (2, 'Batata frita', 14.00),
           (3, 'Pão de queijo', 5.25), (4, 'Suco de caju', 11.80)
), sold (number, placed_at) AS (
    SELECT n, date_trunc('hour', now()) - n * interval '10 minutes'
      FROM generate_series(0, 8 * 144 - 1) AS n
), lines AS (
    SELECT s.number, s.placed_at, m.name, 1 + (s.number + line) % 3 AS quantity, m.price
      FROM sold s
     CROSS JOIN LATERAL generate_series(0, s.number % 3) AS line
      JOIN menu m ON m.number = (s.number * 7 + line) % 5
), made AS (
    INSERT INTO orders (created_at, total)
    SELECT placed_at, sum(quantity * price) FROM lines GROUP BY number, placed_at
    RETURNING id, created_at
)
INSERT INTO order_items (order_id, name, quantity, unit_price)
SELECT made.id, lines.name, lines.quantity, lines.price
  FROM lines JOIN made ON made.created_at = lines.placed_at;

CREATE INDEX ON orders (created_at);
CREATE INDEX ON order_items (order_id);

-- Here nobody needs a password; see compose.yaml.
\set password keep
\i /deploy/readonly_role.sql
