"""Shops whose tables are not as a close reads them, each with one day that is known."""

from dataclasses import dataclass

__all__ = ["CHINOOK", "NORTHWIND", "PRISMA", "ForeignShop"]


@dataclass(frozen=True)
class ForeignShop:
    """The SQL of a shop, and what 2026-11-21 comes to there, in São Paulo's time.

    ``total_revenue`` is as in the report's body; ``items`` are the top items with quantities.
    """

    name: str
    sql: str
    total_orders: int
    total_revenue: str
    items: dict[str, int]
    settings: dict[str, str]


# As in the sample database of that name: no total, and a discount as a fraction in a real.
NORTHWIND = ForeignShop(
    name="northwind",
    sql="""
CREATE TABLE categories (category_id smallint PRIMARY KEY, category_name varchar(15) NOT NULL);
CREATE TABLE products (
    product_id smallint PRIMARY KEY, product_name varchar(40) NOT NULL,
    category_id smallint REFERENCES categories, quantity_per_unit varchar(20), unit_price real,
    units_in_stock smallint, discontinued integer NOT NULL
);
CREATE TABLE customers (customer_id varchar(5) PRIMARY KEY, company_name varchar(40) NOT NULL);
CREATE TABLE orders (
    order_id smallint PRIMARY KEY, customer_id varchar(5) REFERENCES customers,
    order_date date, required_date date, shipped_date date, freight real, ship_name varchar(40)
);
CREATE TABLE order_details (
    order_id smallint NOT NULL REFERENCES orders, product_id smallint NOT NULL REFERENCES products,
    unit_price real NOT NULL, quantity smallint NOT NULL, discount real NOT NULL,
    PRIMARY KEY (order_id, product_id)
);
INSERT INTO categories VALUES (1, 'Beverages');
INSERT INTO customers VALUES ('ALFKI', 'Alfreds Futterkiste');
INSERT INTO products VALUES (1, 'Chai', 1, '10 boxes', 99, 5, 0), (2, 'Chang', 1, '24', 99, 5, 0);
INSERT INTO orders VALUES
    (1, 'ALFKI', '2026-11-21', '2026-12-01', '2026-11-25', 32.38, 'A'),
    (2, 'ALFKI', '2026-11-21', '2026-12-01', NULL, 11.61, 'A'),
    (3, 'ALFKI', '2026-11-20', '2026-12-01', '2026-11-21', 65.83, 'A');
INSERT INTO order_details VALUES
    (1, 1, 14.4, 10, 0), (1, 2, 18.6, 3, 0.15), (2, 1, 14.4, 1, 0.05), (3, 1, 14.4, 100, 0)
""",
    total_orders=2,
    # 10 * 14.4, and 3 * 18.6 * 0.85 = 47.43, and 14.4 * 0.95 = 13.68.
    total_revenue="205.11",
    items={"Chai": 11, "Chang": 3},
    settings={
        "AEGIS_ORDERS_TABLE": "aegis.orders",
        "AEGIS_ITEMS_TABLE": "aegis.order_items",
        "AEGIS_ORDERS_TOTAL": "",
    },
)

# As in the sample database of that name: capital letters, and names among the tracks.
CHINOOK = ForeignShop(
    name="chinook",
    sql="""
CREATE TABLE "Artist" ("ArtistId" int PRIMARY KEY, "Name" varchar(120));
CREATE TABLE "Track" (
    "TrackId" int PRIMARY KEY, "Name" varchar(200) NOT NULL, "Composer" varchar(220),
    "Milliseconds" int NOT NULL, "UnitPrice" numeric(10, 2) NOT NULL
);
CREATE TABLE "Customer" (
    "CustomerId" int PRIMARY KEY, "FirstName" varchar(40) NOT NULL, "State" varchar(40)
);
CREATE TABLE "Invoice" (
    "InvoiceId" int PRIMARY KEY, "CustomerId" int NOT NULL REFERENCES "Customer",
    "InvoiceDate" timestamp NOT NULL, "BillingState" varchar(40), "Total" numeric(10, 2) NOT NULL
);
CREATE TABLE "InvoiceLine" (
    "InvoiceLineId" int PRIMARY KEY, "InvoiceId" int NOT NULL REFERENCES "Invoice",
    "TrackId" int NOT NULL REFERENCES "Track", "UnitPrice" numeric(10, 2) NOT NULL,
    "Quantity" int NOT NULL
);
CREATE TABLE "PlaylistTrack" ("PlaylistId" int, "TrackId" int REFERENCES "Track");
INSERT INTO "Customer" VALUES (1, 'Luís', 'SP');
INSERT INTO "Track" VALUES (1, 'Balls to the Wall', NULL, 1, 0.99), (2, 'Restless', NULL, 1, 1.99);
INSERT INTO "Invoice" VALUES
    (1, 1, '2026-11-21 00:00', 'SP', 2.97), (2, 1, '2026-11-21 23:59', 'SP', 1.99),
    (3, 1, '2026-11-22 00:00', 'SP', 0.99);
INSERT INTO "InvoiceLine" VALUES
    (1, 1, 1, 0.99, 1), (2, 1, 2, 1.98, 1), (3, 2, 2, 1.99, 1), (4, 3, 1, 0.99, 1)
""",
    total_orders=2,
    total_revenue="4.96",
    items={"Restless": 2, "Balls to the Wall": 1},
    settings={
        "AEGIS_ORDERS_TABLE": "aegis.orders",
        "AEGIS_ITEMS_TABLE": "aegis.order_items",
        "AEGIS_ORDERS_PLACED_AT_KIND": "wall",
    },
)

# As Prisma makes tables of a schema: camel case, cents, times in UTC, statuses enumerated.
PRISMA = ForeignShop(
    name="prisma",
    sql="""
CREATE TYPE "OrderStatus" AS ENUM ('PENDING', 'PAID', 'SHIPPED', 'CANCELLED');
CREATE TABLE "_prisma_migrations" (id varchar(36) PRIMARY KEY, started_at timestamptz);
CREATE TABLE "User" (
    id text PRIMARY KEY, email text NOT NULL, name text, "createdAt" timestamp(3) NOT NULL
);
CREATE TABLE "Product" (
    id text PRIMARY KEY, name text NOT NULL, "priceCents" integer NOT NULL, stock integer NOT NULL
);
CREATE TABLE "Order" (
    id text PRIMARY KEY, "userId" text NOT NULL REFERENCES "User",
    status "OrderStatus" NOT NULL DEFAULT 'PENDING', "totalCents" integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL, "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE "OrderItem" (
    id text PRIMARY KEY, "orderId" text NOT NULL REFERENCES "Order",
    "productId" text NOT NULL REFERENCES "Product", quantity integer NOT NULL,
    "unitPriceCents" integer NOT NULL
);
INSERT INTO "User" VALUES ('u1', 'a@example.com', 'Ana', '2026-01-01');
INSERT INTO "Product" VALUES ('p1', 'Açaí', 9999, 3), ('p2', 'Guaraná', 9999, 4);
INSERT INTO "Order" VALUES
    ('o1', 'u1', 'PAID', 4997, '2026-11-21 03:00', '2026-11-25'),
    ('o2', 'u1', 'SHIPPED', 1, '2026-11-22 02:59:59.999', '2026-11-25'),
    ('o3', 'u1', 'CANCELLED', 100, '2026-11-21 12:00', '2026-11-25'),
    ('o4', 'u1', 'PAID', 100, '2026-11-21 02:59', '2026-11-25');
INSERT INTO "OrderItem" VALUES
    ('i1', 'o1', 'p1', 3, 1599), ('i2', 'o1', 'p2', 2, 100), ('i3', 'o2', 'p2', 1, 1),
    ('i4', 'o3', 'p2', 50, 2), ('i5', 'o4', 'p2', 1, 100)
""",
    total_orders=2,
    total_revenue="49.98",
    items={"Açaí": 3, "Guaraná": 3},
    settings={
        "AEGIS_ORDERS_TABLE": "aegis.orders",
        "AEGIS_ITEMS_TABLE": "aegis.order_items",
        "AEGIS_ORDERS_PLACED_AT_KIND": "utc",
        "AEGIS_ORDERS_STATUS": "status",
        "AEGIS_ORDERS_STATUSES": "PAID,SHIPPED",
    },
)
