import pytest

from orpose_models.student.complexity import multiply_adds
from orpose_models.student.network import Student


@pytest.mark.usefixtures("one_thread")
def test_cost_of_the_papers_student():
    """By its parts: backbone and proposals 56.20 at 640 x 480, 0.0139 a proposal, 3.523 and lifters a person."""
    student = Student()
    assert multiply_adds(student, (640, 480), 100, 2) == pytest.approx(56.20 + 100 * 0.0139 + 2 * 3.5317, abs=0.01)
    assert student.training
