import json
from collections import Counter

import cv2
import numpy as np
import pytest
from support.training_rig import tiny, write_labels

from orpose_models.training.train_config import DataSource
from orpose_models.training.training_images import TrainingImages, load_batches
from orpose_models.vocabulary.errors import OrposeError


def images(*sources, **changes):
    config = tiny("unused", **changes)
    data = config.data.model_copy(update={"sources": sources})
    return TrainingImages(config.model_copy(update={"data": data}))


def same(some, others):
    pairs = list(zip(some, others, strict=True))
    return bool(pairs) and all(np.array_equal(a.image, b.image) and np.array_equal(a.boxes, b.boxes) for a, b in pairs)


def test_every_batch_has_its_part_of_each_source(label_file, tmp_path):
    write_labels(tmp_path / "other", 4)
    sources = DataSource(labels=label_file, share=3), DataSource(person_free=tmp_path / "other", share=1)
    run = images(*sources, batch=4)
    batches = [[run.image_at(4 * i + slot) for slot in range(4)] for i in range(60)]
    assert all(sum(number < 4 for number in batch) == 3 for batch in batches)
    counts = Counter(number for batch in batches for number in batch)
    assert set(counts) == set(range(8))
    assert run.persons == 5
    background = next(i for i in range(4) if run.image_at(i) >= 4)
    one = run.sample(background)
    assert len(one.boxes) == 0
    assert one.nobody
    with pytest.raises(OrposeError, match="either all have a share or none"):
        images(DataSource(labels=label_file, share=3), DataSource(person_free=tmp_path / "other"))


def test_without_shares_all_images_come_alike_but_those_of_nobody(label_file, tmp_path):
    write_labels(tmp_path / "other", 4)
    run = images(DataSource(labels=label_file), DataSource(person_free=tmp_path / "other"), data__empty=0.5)
    counts = Counter(run.image_at(i) for i in range(3000))
    assert counts[2] == pytest.approx(200, abs=60)  # nobody was accepted in it
    for number in (0, 1, 3, 4, 5, 6, 7):
        assert counts[number] == pytest.approx(400, abs=80)


def test_images_that_are_held_back_or_not_asked_for_are_left_out(label_file):
    run = images(DataSource(labels=label_file, only=("images/[013].png",)), data__held_back=["*/1.png"])
    assert [path.name for path in run.paths] == ["0.png", "3.png"]
    with pytest.raises(OrposeError, match="has no image of these names"):
        images(DataSource(labels=label_file, only=("other/*",)))


def test_an_iteration_has_one_size_of_input(label_file):
    kinds = [{"share": 0.5, "width": 96, "height": 64}, {"share": 0.5, "width": 64, "height": 64}]
    run = images(DataSource(labels=label_file), augmentation__inputs=kinds)
    shapes = [[scene.image.shape for scene in batch] for batch in load_batches(run, 0)]
    assert all(len(set(batch)) == 1 for batch in shapes)
    assert {batch[0] for batch in shapes} == {(3, 64, 96), (3, 64, 64)}


def test_places_are_dealt_to_the_processes_and_a_continued_run_goes_on(label_file):
    run = images(DataSource(labels=label_file), batch=4)
    whole = list(load_batches(run, 0))
    assert [len(batch) for batch in whole] == [4] * 6
    parts = [list(load_batches(run, 0, rank, 2)) for rank in range(2)]
    for i in range(6):
        assert same(whole[i][::2], parts[0][i])
        assert same(whole[i][1::2], parts[1][i])
    rest = list(load_batches(run, 4))
    assert len(rest) == 2
    assert all(same(batch, other) for batch, other in zip(rest, whole[4:], strict=True))


def test_a_worker_prepares_the_same(label_file):
    alone, helped = (images(DataSource(labels=label_file), schedule__iterations=2) for _ in range(2))
    helped.config = helped.config.model_copy(update={"data": helped.config.data.model_copy(update={"workers": 1})})
    for batch, other in zip(load_batches(alone, 0), load_batches(helped, 0), strict=True):
        for a, b in zip(batch, other, strict=True):
            np.testing.assert_array_equal(a.image, b.image)
            np.testing.assert_array_equal(a.boxes, b.boxes)


def test_what_cannot_be_trained_on_is_named(label_file, tmp_path):
    with pytest.raises(OrposeError, match="nothing to train on"):
        images()
    with pytest.raises(OrposeError, match="none: no such"):
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
