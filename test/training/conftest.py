import pytest
from support.training_rig import write_labels


@pytest.fixture
def label_file(tmp_path):
    return write_labels(tmp_path / "data")
