"""What the tests of the compatibility verdict share: both validators, the budget."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.suite.search import EFFORT


@pytest.fixture(scope="session")
def patience() -> float:
    """How much longer than by default searches look."""
    return EFFORT


@pytest.fixture(scope="session")
def accepted() -> Callable[[str, Any], tuple[bool, bool]]:
    """Ask both validators, built here and not by the code under test, about one message."""
    import jsonschema
    import jsonschema_rs

    def ask(text: str, message: Any) -> tuple[bool, bool]:
        schema = json.loads(text)
        if isinstance(schema, dict) and "$schema" in schema:
            fast: Any = jsonschema_rs.validator_for(schema, validate_formats=True, offline=True)
            slow: Any = jsonschema.validators.validator_for(schema)
        else:
            fast = jsonschema_rs.Draft7Validator(schema, validate_formats=True, offline=True)
            slow = jsonschema.Draft7Validator
        return fast.is_valid(message), slow(schema, format_checker=slow.FORMAT_CHECKER).is_valid(message)

    return ask
