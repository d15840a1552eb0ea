"""How large a model is: parameters, and multiply-adds for an image."""

from orpose_models.lab.reproduction.row_record import ModelRecord
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.runtime.student import RuntimeStudent
from orpose_models.student.model import StudentModel
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.teacher.person_finder import PersonFinder
from orpose_models.teacher.teacher import Teacher
from orpose_models.vocabulary.resolution import Size

PERSONS = 12  # of an image whose multiply-adds are counted; with so many the paper's 215 x 10^9 come out


def describe(model: PoseModel, size: Size) -> ModelRecord:
    """What is noted of a model, for images of a size."""
    return ModelRecord(
        name=model.name,
        sha256=model.sha256,
        engine=model.engine,
        parameters=count_parameters(model),
        multiply_adds=count_multiply_adds(model, size),
    )


def count_parameters(model: PoseModel) -> int | None:
    """Numbers that were learned; None where this model's cannot be counted."""
    if isinstance(model, StudentModel):
        return sum(parameter.numel() for parameter in model.student.parameters())
    if isinstance(model, RuntimeStudent):
        return sum(parameter.numel() for parameter in OneStageStudent(model.config).parameters())
    if isinstance(model, Teacher) and isinstance(model.finder, PersonFinder):
        from orpose_models.lifting.lifter_weights import read_weights
        from orpose_models.lifting.runtime import DEFAULT_WEIGHTS
        from orpose_models.teacher.packaged import NETWORKS, packaged_graph

        graphs = (packaged_graph(name) for name in NETWORKS)
        learned = [array for graph in graphs for array in graph.weights.values() if array.dtype.kind == "f"]
        learned += [array for arrays in read_weights(DEFAULT_WEIGHTS).networks.values() for array in arrays.values()]
        return sum(int(array.size) for array in learned)
    return None


def count_multiply_adds(model: PoseModel, size: Size) -> float | None:
    """Multiply-adds in units of 10^9 for an image of a size with `PERSONS` persons; None where they are not counted."""
    from orpose_models.student.complexity import multiply_adds, multiply_adds_of_light

    if isinstance(model, RuntimeStudent):
        student = OneStageStudent(model.config)
        return multiply_adds_of_light(student, model.config.input_size(size, size), PERSONS)
    if isinstance(model, StudentModel):
        config = model.student.config
        return multiply_adds(model.student, config.input_size(size), config.proposals_after_nms[1], PERSONS)
    return None
