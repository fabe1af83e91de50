"""Which consumer a group is, by the contracts."""

from __future__ import annotations

import pytest

from pyevents.catalog import load
from pyevents.consumer.group import consumer_of
from pyevents.errors import ConfigurationInvalid


@pytest.mark.parametrize("group", ["matching-service", "matching-service.reports", "matching-service.a.b-c_1"])
def test_group_is_its_consumer_with_or_without_a_suffix(group: str) -> None:
    assert consumer_of(group, load()) == "matching-service"


@pytest.mark.parametrize(
    ("group", "hint"),
    [
        ("", "matching-service"),
        ("matching-servce", "Did you mean matching-service"),
        ("matching-service-2", "Did you mean matching-service"),
        ("matching-service/x", "a-z A-Z 0-9"),
        ("matching-service.ä", "a-z A-Z 0-9"),
        ("x" * 200, "at most 120"),
        ("billing", "There are"),
    ],
)
def test_unknown_or_illegal_group_is_refused_with_the_remedy(group: str, hint: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=hint) as refused:
        consumer_of(group, load())
    assert refused.value.setting == "group_id"
