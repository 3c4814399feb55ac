"""Numbers that no row can have: a wrong request, on every route, and no error of ours."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

WRONG: Final = (-1, 2**63 - 1, 2**63, -(2**63) - 1, 10**30)
STROKE: Final = {"uuid": "a" * 8, "frame": 1, "class": 0, "width": 3, "xy": [[1, 1]], "client": "t"}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "NewStroke": STROKE,
    "NewRound": {"frame": 1},
    "NewExport": {"what": "model", "format": "onnx", "round": 1},
    "Merge": {"into": 2},
}
"""A right body of each kind that has to hold more than a number."""


@pytest.fixture
def app(client: TestClient) -> FastAPI:
    assert isinstance(client.app, FastAPI)
    return client.app


def takes_number(schema: dict[str, Any]) -> bool:
    kinds = [schema, *schema.get("anyOf", ())]
    return any(kind.get("type") == "integer" for kind in kinds)


def test_no_path_answers_500(client: TestClient, app: FastAPI) -> None:
    asked = 0
    for path, methods in app.openapi()["paths"].items():
        for method, route in methods.items():
            if not any(takes_number(given["schema"]) for given in route.get("parameters", ())):
                continue
            for number in WRONG:
                body = {"into": 2, "reserved": True, "name": "a"}
                answer = client.request(method, re.sub(r"\{\w+\}", str(number), path), json=body)
                assert answer.status_code in (400, 404), (method, path, number, answer.text)
                assert list(answer.json()) == ["error"]
                asked += 1
    assert asked >= len(WRONG) * 12


def test_no_body_answers_500(client: TestClient, app: FastAPI) -> None:
    schema = app.openapi()
    kinds = schema["components"]["schemas"]
    numbered = {
        name: [key for key, value in kind.get("properties", {}).items() if takes_number(value)]
        for name, kind in kinds.items()
        if name not in ("ValidationError", "HTTPValidationError")
    }
    assert {name for name, keys in numbered.items() if keys} >= set(BODIES)
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            content = route.get("requestBody", {}).get("content", {})
            name = content.get("application/json", {}).get("schema", {}).get("$ref", "")
            name = name.rpartition("/")[2]
            for key in numbered.get(name, ()):
                for number in WRONG:
                    body = BODIES.get(name, {}) | {key: number}
                    answer = client.request(method, re.sub(r"\{\w+\}", "1", path), json=body)
                    assert 400 <= answer.status_code < 500, (path, body, answer.text)
                    assert list(answer.json()) == ["error"]


def test_a_page_that_saw_a_number_that_never_was_loads_anew(client: TestClient) -> None:
    with client.websocket_connect(
        f"/api/live?since={10**30}", headers={"host": "127.0.0.1:7860"}
    ) as socket:
        assert socket.receive_json()["kind"] == "hello"
        assert socket.receive_json()["kind"] == "reload"
