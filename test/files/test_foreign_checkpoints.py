import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest
import torch

from orpose_models.files.foreign_checkpoints import load_parameters, read_foreign_checkpoint
from orpose_models.vocabulary.errors import OrposeError


class RunsACommand:
    """What a hostile pickle looks like: opening it calls a function of the attacker's choice."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_no_parameters(tmp_path):
    torch.save({}, tmp_path / "empty.pth")
    (tmp_path / "empty.pkl").write_bytes(pickle.dumps({"model": {}}))
    for name in ("empty.pth", "empty.pkl"):
        with pytest.raises(OrposeError, match="holds no parameters by name"):
            read_foreign_checkpoint(tmp_path / name)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickle_of_arrays_is_read(tmp_path, protocol):
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    model = OrderedDict(weight=weight, count=np.array(7), half=weight.astype(np.float16), turned=weight.T)
    content = {"model": model, "__author__": "somebody", "scale": np.float32(2)}
    (tmp_path / "zoo.pkl").write_bytes(pickle.dumps(content, protocol=protocol))
    read = read_foreign_checkpoint(tmp_path / "zoo.pkl")
    assert list(read) == ["weight", "count", "half", "turned"]
    for name, array in model.items():
        np.testing.assert_array_equal(read[name].numpy(), array)
        assert read[name].numpy().dtype == array.dtype


def test_pickle_of_python_2_is_read(tmp_path):
    # {'model': {'b': array([1., 2.], dtype=float32)}} as Python 2 and numpy 1.16 wrote it.
    text = (
        b"\x80\x02}q\x00U\x05modelq\x01}q\x02U\x01bq\x03cnumpy.core.multiarray\n_reconstruct\nq\x04cnumpy\nndarray\n"
        b"q\x05K\x00\x85q\x06U\x01bq\x07\x87q\x08Rq\t(K\x01K\x02\x85q\ncnumpy\ndtype\nq\x0bU\x02f4q\x0cK\x00K\x01"
        b"\x87q\rRq\x0e(K\x03U\x01<q\x0fNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x10b\x89U\x08"
        b"\x00\x00\x80?\x00\x00\x00@q\x11tq\x12bss."
    )
    (tmp_path / "old.pkl").write_bytes(text)
    assert read_foreign_checkpoint(tmp_path / "old.pkl")["b"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: {"model": d, "iteration": 3}, lambda d: {"state_dict": d}])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_torch_file_is_read(tmp_path, wrap, prefix):
    torch.save(wrap({f"{prefix}a.weight": torch.ones(2), f"{prefix}a.bias": torch.zeros(1)}), tmp_path / "w.pth")
    read = read_foreign_checkpoint(tmp_path / "w.pth")
    assert {name: tensor.tolist() for name, tensor in read.items()} == {"a.weight": [1.0, 1.0], "a.bias": [0.0]}


@pytest.mark.parametrize("name", ["evil.pkl", "evil.pth"])
def test_nothing_is_executed(tmp_path, name):
    proof = tmp_path / "executed"
    content = {"model": {"w": RunsACommand(f"touch {proof}")}}
    if name.endswith(".pkl"):
        (tmp_path / name).write_bytes(pickle.dumps(content))
    else:
        torch.save(content, tmp_path / name)
    with pytest.raises(OrposeError, match="not a readable file of weights"):
        read_foreign_checkpoint(tmp_path / name)
    assert not proof.exists()


def test_codec_of_a_hostile_pickle_is_refused(tmp_path):
    (tmp_path / "codec.pkl").write_bytes(b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.")
    with pytest.raises(OrposeError, match="rot13"):
        read_foreign_checkpoint(tmp_path / "codec.pkl")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.pth", None, "no such file"),
        ("weights.bin", b"x", "must end in .pth or .pkl"),
        ("cut.pkl", pickle.dumps({"model": {"w": np.zeros(9)}})[:60], "not a readable file of weights"),
        ("empty.pkl", b"", "not a readable file of weights"),
        ("text.pth", b"hello", "not a readable file of weights"),
        ("list.pkl", pickle.dumps([np.zeros(2)]), "holds no parameters by name"),
        ("text.pkl", pickle.dumps({"model": {"w": "text"}}), "entry 'w' is not a tensor but str"),
        ("objects.pkl", pickle.dumps({"model": {"w": np.array([None])}}), "entry 'w' is not a tensor but ndarray"),
    ],
)
def test_bad_file_is_one_clear_sentence(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(OrposeError, match=message) as caught:
        read_foreign_checkpoint(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_parameters_must_fit_the_network():
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    other = {name: tensor + 1 for name, tensor in before.items() if not name.endswith("num_batches_tracked")}

    wrong = {name: tensor for name, tensor in other.items() if name != "0.bias"}
    wrong |= {"2.bias": torch.zeros(1), "0.weight": torch.zeros(3, 5)}
    with pytest.raises(OrposeError) as caught:
        load_parameters(network, wrong, "some.pth")
    assert str(caught.value) == (
        "some.pth: these are not weights of this network: 1 parameters missing (such as 0.bias); "
        "1 not known to the network (such as 2.bias); 1 of another shape (such as 0.weight is (3, 5), not (3, 2))"
    )
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())

    load_parameters(network, other, "some.pth")
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in other.items())
