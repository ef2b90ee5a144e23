"""What reads the source code sees what it must: otherwise the architecture's tests are blind."""

import pytest

from tests.unit.source_code import Module, modules


def _module(source: str) -> Module:
    return Module("domain.sample", source)


@pytest.mark.parametrize(
    "source",
    [
        "import datetime\ndatetime.datetime.now()",
        "import datetime as dt\ndt.datetime.now()",
        "from datetime import datetime\ndatetime.now()",
        "from datetime import datetime as clock\ndef f(at=clock.now()): ...",
        "from datetime import datetime\nfield(default_factory=datetime.now)",
        "from datetime import datetime\nnow = datetime.now",
        "def f():\n    from datetime import datetime\n    return [datetime.now() for _ in ()]",
        "from datetime import datetime\nf(lambda: datetime.now().date())",
    ],
)
def test_a_reference_is_seen_however_it_is_written(source: str) -> None:
    assert "datetime.datetime.now" in set(_module(source).references())


@pytest.mark.parametrize("source", ["import uuid", "import uuid as u", "from uuid import uuid4"])
def test_an_import_alone_is_a_reference(source: str) -> None:
    assert any(name.startswith("uuid") for name in _module(source).references())


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("try: ...\nexcept: ...", [""]),
        ("try: ...\nexcept BaseException: ...", ["BaseException"]),
        ("try: ...\nexcept (OSError, builtins.BaseException): ...", ["OSError", "BaseException"]),
        ("with suppress(BaseException): ...", ["BaseException"]),
        ("with contextlib.suppress(OSError): ...", ["OSError"]),
    ],
)
def test_what_is_caught_is_seen(source: str, caught: list[str]) -> None:
    assert list(_module(source).caught()) == caught


@pytest.mark.parametrize(
    "source",
    [
        "import httpx\nclient = httpx.Client()",
        "from httpx import Client as C\nclient = C()",
        "import httpx\nclass A:\n    client = httpx.Client()",
        "import httpx\ndef f(client=httpx.Client()): ...",
        "import httpx\nif True:\n    clients = [httpx.Client() for _ in range(2)]",
    ],
)
def test_what_is_built_at_import_is_seen(source: str) -> None:
    assert "httpx.Client" in set(_module(source).built_at_import())


def test_what_is_built_later_is_not_built_at_import() -> None:
    source = "import httpx\ndef f():\n    return httpx.Client()\ng = lambda: httpx.Client()"

    assert list(_module(source).built_at_import()) == []


def test_every_module_is_read() -> None:
    names = {module.name for module in modules()}

    assert {"", "__main__", "domain", "domain.report", "application.ports.clock"} <= names
    assert len(names) > 50
