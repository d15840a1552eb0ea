from importlib import metadata

import pytest

from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.installing import needed_for, pip_install


def test_what_pip_knows_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orpose_models.vocabulary.installing.version", {"orpose_ros": "0.1.0"}.__getitem__)
    assert pip_install("train") == 'pip install "orpose_ros[train]"'
    assert pip_install() == 'pip install "orpose_ros"'


def test_what_pip_does_not_know_is_installed_from_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("orpose_models.vocabulary.installing.version", unknown)
    assert pip_install("train") == 'pip install ".[train]" in the checkout'
    assert pip_install() == 'pip install "." in the checkout'


def test_a_missing_module_is_named_with_what_installs_it() -> None:
    with pytest.raises(OrposeError) as error, needed_for("flying", "lab"):
        import no_such_wings  # noqa: F401
    assert str(error.value) == f"flying needs no_such_wings: {pip_install('lab')}"


def test_a_module_that_does_not_load_is_told_from_one_that_is_missing() -> None:
    with pytest.raises(OrposeError) as error, needed_for("flying", "lab"):
        raise ImportError("libwings.so.2: cannot open shared object file")
    assert str(error.value) == (
        "flying needs what is there but does not load (libwings.so.2: cannot open shared object file): "
        + pip_install("lab")
    )


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), needed_for("flying", "lab"):
        raise ZeroDivisionError
