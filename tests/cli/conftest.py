"""What tests of the command line share."""

import pytest

from paget.cli import main


@pytest.fixture
def paget(capsys, monkeypatch):
    """The command in this process (a new one would load everything again): its output and errors, once its code is as expected."""
    monkeypatch.setenv("COLUMNS", "160")

    def call(*arguments, code=0):
        assert main(list(arguments)) == code
        told = capsys.readouterr()
        assert "defect" not in told.err
        return told.out, told.err

    return call
