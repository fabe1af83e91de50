"""Events of an older major become objects of the newer one, or say which step failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyevents.catalog import load
from pyevents.errors import ConfigurationInvalid, UpcastFailed
from pyevents.upcast import lift, upcaster
from tests.suite.majors import NextPlatform

pytestmark = pytest.mark.xdist_group("upcast")


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> NextPlatform:
    return NextPlatform(tmp_path_factory.mktemp("next"))


def test_declared_function_is_imported_and_makes_the_newer_object(platform: NextPlatform) -> None:
    catalog = load(platform.package)
    up = lift(catalog, catalog.contract("patient.created"), 1, 2)
    old = platform.package.PatientCreated(patient_id=7, vorname="A", nachname="B", strasse="Lange Gasse 12a")
    new = up(old)
    assert type(new) is platform.package.PatientCreatedV2
    assert (new.strasse, new.hausnummer, new.patient_id) == ("Lange Gasse", "12a", 7)


def test_no_step_is_needed_within_a_major(platform: NextPlatform) -> None:
    catalog = load(platform.package)
    old = platform.package.PatientCreated(patient_id=7, vorname="A", nachname="B")
    assert lift(catalog, catalog.contract("patient.created"), 1, 1)(old) is old


def test_function_that_raises_is_named_without_the_payload(platform: NextPlatform) -> None:
    catalog = load(platform.package)
    up = lift(catalog, catalog.contract("patient.created"), 1, 2)
    with pytest.raises(UpcastFailed, match=r"patient\.created from major 1 to 2 by split_street: it raised ValueError"):
        up(platform.package.PatientCreated(patient_id=7, vorname="A", nachname="B", strasse="Nowhere"))


def test_object_that_the_newer_contract_refuses_is_a_failed_step(platform: NextPlatform) -> None:
    catalog = load(platform.package)
    up = lift(catalog, catalog.contract("patient.created"), 1, 2)
    long = "Lange Gasse " + "1" * 30
    with pytest.raises(UpcastFailed, match="maxLength at /hausnummer") as caught:
        up(platform.package.PatientCreated(patient_id=7, vorname="A", nachname="B", strasse=long))
    assert "Gasse" not in str(caught.value)


def test_missing_link_says_which_and_where_to_declare_it(tmp_path: Path) -> None:
    catalog = load(NextPlatform(tmp_path, upcast=False).package)
    with pytest.raises(ConfigurationInvalid, match=r"PatientCreatedV2 from PatientCreated.*\[upcast\]"):
        lift(catalog, catalog.contract("patient.created"), 1, 2)


def test_second_function_for_the_same_step_is_refused(platform: NextPlatform) -> None:
    catalog = load(platform.package)
    lift(catalog, catalog.contract("patient.created"), 1, 2)
    with pytest.raises(ConfigurationInvalid, match="split_street is one already"):
        upcaster(platform.package.PatientCreated, platform.package.PatientCreatedV2)(lambda old: old)
