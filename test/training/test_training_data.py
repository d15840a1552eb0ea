import json
from collections import Counter

import cv2
import numpy as np
import pytest
from support.training_rig import tiny, write_labels

from orpose_models.training.data import TrainingImages, load_batches
from orpose_models.training.train_config import DataSource
from orpose_models.vocabulary.errors import OrposeError


def images(*sources, **changes):
    config = tiny("unused", **changes)
    data = config.data.model_copy(update={"sources": sources})
    return TrainingImages(config.model_copy(update={"data": data}))


def test_every_image_comes_once_an_epoch_in_another_order(label_file):
    run = images(DataSource(labels=label_file))
    assert run.epoch == 4
    epochs = [[run.image_at(4 * e + i) for i in range(4)] for e in range(20)]
    assert all(sorted(epoch) == [0, 1, 2, 3] for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 5


def test_weights_say_how_often(label_file, tmp_path):
    write_labels(tmp_path / "other", 4)
    run = images(DataSource(labels=label_file, weight=2.5), DataSource(person_free=tmp_path / "other", weight=0.25))
    assert run.epoch == 11
    counts = Counter(run.image_at(i) for i in range(11))
    assert sorted(counts[i] for i in range(4)) == [2, 2, 3, 3]
    assert sum(counts[i] for i in range(4, 8)) == 1
    assert run.persons == 5
    background = next(i for i in range(11) if run.image_at(i) >= 4)
    assert len(run.sample(background).boxes) == 0


def test_places_are_dealt_to_the_processes_and_a_continued_run_goes_on(label_file):
    run = images(DataSource(labels=label_file), batch=4)
    whole = list(load_batches(run, 0))
    assert [len(batch) for batch in whole] == [4] * 6
    parts = [list(load_batches(run, 0, rank, 2)) for rank in range(2)]
    for i in range(6):
        assert [s.seed for s in whole[i]][::2] == [s.seed for s in parts[0][i]]
        assert [s.seed for s in whole[i]][1::2] == [s.seed for s in parts[1][i]]
    rest = list(load_batches(run, 4))
    assert [s.seed for batch in rest for s in batch] == [s.seed for batch in whole[4:] for s in batch]


def test_a_worker_prepares_the_same(label_file):
    alone, helped = (images(DataSource(labels=label_file), schedule__iterations=2) for _ in range(2))
    helped.config = helped.config.model_copy(update={"data": helped.config.data.model_copy(update={"workers": 1})})
    for batch, other in zip(load_batches(alone, 0), load_batches(helped, 0), strict=True):
        for a, b in zip(batch, other, strict=True):
            np.testing.assert_array_equal(a.image, b.image)
            np.testing.assert_array_equal(a.boxes, b.boxes)
            assert a.seed == b.seed


def test_what_cannot_be_trained_on_is_named(label_file, tmp_path):
    with pytest.raises(OrposeError, match="nothing to train on"):
        images()
    with pytest.raises(OrposeError, match="no such folder"):
        images(DataSource(person_free=tmp_path / "none"))
    folder = label_file.parent / "images"
    cv2.imwrite(str(folder / "0.png"), np.zeros((20, 20, 3), np.uint8))
    (folder / "1.png").write_bytes(b"damaged")
    run = images(DataSource(labels=label_file), batch=4)
    with pytest.raises(OrposeError, match=r"0\.png: is of another size|1\.png: not an image"):
        next(load_batches(run, 0))
    (folder / "3.png").unlink()
    with pytest.raises(OrposeError, match=r"1 images are missing, the first is .*3\.png"):
        images(DataSource(labels=label_file))
    document = json.loads(label_file.read_text())
    label_file.write_text(json.dumps({**document, "images": [], "annotations": []}))
    with pytest.raises(OrposeError, match="has no image"):
        images(DataSource(labels=label_file))
