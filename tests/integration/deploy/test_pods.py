"""What runs in the pods of deploy/kubernetes, with their own settings, on a PostgreSQL server."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.integration.closing import TOKEN
from tests.integration.market_place import Answers, Market
from tests.integration.program import end, start
from tests.integration.serving_place import Place, Serving, wait_for
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer
from tests.unit.deploy.dockerfile import environment, read_stages
from tests.unit.deploy.files import PROJECT
from tests.unit.deploy.kubernetes import container_of, read_manifests, read_settings
from tests.unit.docs.pages import read_page

WRITES_NOTHING = "tests.integration.deploy.writes_nothing"
CONTAINERS = {
    each["metadata"]["labels"]["app.kubernetes.io/component"]: container_of(each)
    for each in read_manifests()
    if each["kind"] in ("Deployment", "Job")
}
TENANTS = [f"shop-{number:02}" for number in range(20)]
# What differs on this machine: who is asked, what a column is called, and how long one waits.
HERE = {
    "AEGIS_ORDERS_TENANT": "shop",
    "AEGIS_SHARD_TENANTS": "5",
    "AEGIS_POLL_SECONDS": "0.2",
    "AEGIS_QUEUE_POLL_SECONDS": "0.2",
    "AEGIS_SCHEDULE_CRON": "0 0 2 29 2 *",
}


class Pods:
    """A folder with the secrets' files, and the processes that get them."""

    def __init__(self, folder: Path, secrets: Mapping[str, str], backend_url: str) -> None:
        self.folder = folder
        self._backend_url = backend_url
        for name, value in secrets.items():
            (folder / name).write_text(f"{value}\n", encoding="utf-8")

    def variables_of(self, component: str) -> dict[str, str]:
        """Return what a container gets: the image's variables, the settings, and its own."""
        container = CONTAINERS[component]
        (mount,) = container["volumeMounts"]
        files = {
            entry["name"]: entry["value"].replace(mount["mountPath"], str(self.folder))
            for entry in container["env"]
        }
        image = environment(read_stages()[-1])
        del image["PATH"]
        return {
            **image,
            **read_settings(),
            **files,
            **HERE,
            "BACKEND_BASE_URL": self._backend_url,
            "AEGIS_EXECUTOR_ID": f"aegis-batch-{component}",
            "PYTHONPATH": str(PROJECT),
        }

    def run(self, component: str, *arguments: str) -> tuple[int, str, str]:
        """Run a command in a container of a pod; without arguments, its own."""
        command = arguments or tuple(CONTAINERS[component]["args"])
        process = start(command, self.variables_of(component), self.folder, WRITES_NOTHING)
        ended = end(process)
        return ended.status, ended.out, ended.err

    def probe(self, component: str) -> int:
        """Do what the cluster does to see whether a pod is well."""
        _, *arguments = CONTAINERS[component]["readinessProbe"]["exec"]["command"]
        status, _, err = self.run(component, *arguments)
        assert "WROTE" not in err
        return status


def rows_of_a_close(kept: Database) -> float:
    """Return how many rows of history the close of a tenant has left, its seal not counted."""
    question = """
        SELECT (SELECT count(*) FROM timeline JOIN runs ON runs.id = run_id WHERE job = 'close')
            + (SELECT count(*) FROM runs WHERE job = 'close'),
            (SELECT count(*) FROM seals)
    """
    with kept.connect() as connection:
        [(rows, seals)] = connection.execute(question).fetchall()
    assert seals == len(TENANTS)
    return int(rows) / len(TENANTS)


def rows_that_the_page_tells_of() -> int:
    """Return what docs/scaling.md says of it, from which it computes the size of the state."""
    page = read_page("docs/scaling.md")
    (rows,) = re.findall(r"^\| rows of history that a close leaves \| (\d+) \|", page, re.MULTILINE)
    return int(rows)


@pytest.fixture
def kept(database: Database) -> Iterator[Database]:
    """An empty database for the state."""
    made = Database(database.server, f"{database.name}_state")
    database.server.create_database(made.name)
    yield made
    database.server.drop_database(made.name)


@pytest.fixture
def pods(database: Database, kept: Database, wiremock: WireMockServer, tmp_path: Path) -> Pods:
    secrets = {
        "database-url": database.dsn(),
        "state-url": kept.dsn(),
        "service-token": TOKEN,
    }
    return Pods(tmp_path, secrets, wiremock.url)


def test_a_night_is_closed_by_processes_that_write_no_file(
    database: Database, kept: Database, wiremock: WireMockServer, pods: Pods, tmp_path: Path
) -> None:
    Market(database, TENANTS)
    answers = Answers(wiremock.url)

    status, _, err = pods.run("migrate")
    assert (status, "WROTE" in err) == (0, False), err

    place = Place(tmp_path, {})
    # What is waited for here.
    told = {"AEGIS_LOG_LEVEL": "INFO"}
    scheduling = place.serving(
        WRITES_NOTHING, CONTAINERS["scheduler"]["args"], **pods.variables_of("scheduler") | told
    )
    working = place.serving(
        WRITES_NOTHING, CONTAINERS["worker"]["args"], **pods.variables_of("worker") | told
    )
    with scheduling as scheduler, working as worker:
        both: list[Serving] = [scheduler, worker]
        for process in both:
            process.wait_for("serve.started")
        assert [pods.probe("scheduler"), pods.probe("worker")] == [0, 0]
        status, _, err = pods.run("scheduler", "schedules", "trigger", "daily-close")
        assert status == 0, err
        wait_for(lambda: len(answers.submissions()) == len(TENANTS), "all tenants to be closed")
        assert [process.stop() for process in both] == [143, 143]

    assert [process.text for process in both if "WROTE" in process.text] == []
    assert set(answers.counts("POST")) == set(TENANTS)
    assert pods.probe("worker") == 1
    assert rows_of_a_close(kept) == rows_that_the_page_tells_of()


def test_a_pod_that_starts_before_the_schema_is_there_ends_and_says_so(pods: Pods) -> None:
    status, _, err = pods.run("worker")

    assert status == 7
    assert "aegis-batch state migrate" in err
