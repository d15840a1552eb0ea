from threading import Event, Thread

import numpy as np
import pytest

from orpose_models.runtime.batched_calls import Together, in_portions


class Doubling:
    """Doubles what it is given, and notes how many that were; its first call waits until it is let go."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.begun, self.go = Event(), Event()

    def __call__(self, images: np.ndarray) -> list[np.ndarray]:
        self.counts.append(len(images))
        if len(self.counts) == 1:
            self.begun.set()
            assert self.go.wait(10)
        return [2 * images, images.sum(axis=1)]


def ask(graph: Together, inputs: list[np.ndarray], answers: dict[int, object]) -> list[Thread]:
    def one(number: int) -> None:
        try:
            answers[number] = graph(inputs[number])
        except ValueError as error:
            answers[number] = error

    threads = [Thread(target=one, args=(number,)) for number in range(len(inputs))]
    return threads


def test_what_waits_is_computed_at_once() -> None:
    doubling = Doubling()
    together = Together(doubling, most=5)
    inputs = [np.full((n, 3), n) for n in (1, 2, 3, 0)] + [np.full((2, 4), 9)]
    answers: dict[int, object] = {}
    first, *others = ask(together, inputs, answers)
    first.start()
    assert doubling.begun.wait(10)
    for thread in others:
        thread.start()
    while len(together._waiting) < 4:
        pass
    doubling.go.set()
    for thread in (first, *others):
        thread.join()
    for number, images in enumerate(inputs):
        doubled, sums = answers[number]  # type: ignore[misc]
        np.testing.assert_array_equal(doubled, 2 * images)
        np.testing.assert_array_equal(sums, images.sum(axis=1))
    # Those of another shape go by themselves.
    assert sorted(doubling.counts) == [1, 2, 5]


def test_everybody_hears_of_an_error() -> None:
    def failing(images: np.ndarray) -> list[np.ndarray]:
        raise ValueError("lost")

    answers: dict[int, object] = {}
    threads = ask(Together(failing, 8), [np.zeros((1, 2))] * 3, answers)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(answers[number]) for number in range(3)] == ["lost"] * 3


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 9])
def test_portions(count: int) -> None:
    asked = []

    def graph(images: np.ndarray) -> list[np.ndarray]:
        asked.append(len(images))
        return [images + 1]

    images = np.arange(count * 3.0).reshape(count, 3)
    (answer,) = in_portions(graph, 4)(images)
    np.testing.assert_array_equal(answer, images + 1)
    assert set(asked) <= {1, 4}
