"""The bench at a tiny size: every way that needs no further package agrees about the figures."""

from bench.backend import forgetful_backend
from bench.measure import measure_in_turn
from bench.shop import make_shop
from bench.ways import large_day_ways, psql_program, small_day_ways
from tests.servers.postgres import PostgresServer


def test_all_ways_agree_about_a_day(postgres: PostgresServer) -> None:
    postgres.revive()
    for ids in ("growing", "scattered"):
        shop = make_shop(postgres, 60, ids)
        ways = [way for way in large_day_ways(shop, psql_program()) if "Polars" not in way.name]

        costs = measure_in_turn(ways, runs=1)

        assert [cost.name for cost in costs] == [way.name for way in ways]
        assert all(cost.seconds > 0 and cost.memory_mib > 0 for cost in costs)
        postgres.drop_database(f"{ids}_60")


def test_a_small_day_is_closed_both_ways(postgres: PostgresServer) -> None:
    postgres.revive()
    shop = make_shop(postgres, 5, "growing")
    with forgetful_backend() as url:
        costs = measure_in_turn(small_day_ways(shop, url), runs=1)

    assert len(costs) == 2
    postgres.drop_database("growing_5")
