"""How many images a model is given at once: more than one only where that was seen to gain."""

from time import perf_counter

from orpose_models.model_format.engines import ENGINES
from orpose_models.model_format.pose_model import BatchModel, PoseModel, View
from orpose_models.registry.check_image import check_image

# Images of a call where that gains; with so many it is tried, and must take less than this share of their time one by
# one, in the best of some turns.
MOST = 8
_TRIED, _GAIN, _TURNS = 4, 0.8, 2


def settled_batch(model: PoseModel) -> int:
    """How many images to give a model at once; measured the first time, on devices other than the processor.

    On processors several images at once gain nothing (docs/accelerators.md). An engine that is built for every shape
    of its input would have to be built for every number of images.
    """
    if not isinstance(model, BatchModel):
        return 1
    if model.batch == 0:
        engine = ENGINES[model.engine]
        model.batch = 1 if engine.on_processor or engine.fixed_shapes or engine.library == "torch" else _measured(model)
    return model.batch


def _measured(model: BatchModel) -> int:
    image = check_image()
    views = [View(image)] * _TRIED
    single, together = [], []
    for _ in range(_TURNS + 1):
        start = perf_counter()
        for view in views:
            model.predict(view.image)
        middle = perf_counter()
        model.predict_all(views)
        single.append(middle - start)
        together.append(perf_counter() - middle)
    # The first turn warms up.
    return MOST if min(together[1:]) < _GAIN * min(single[1:]) else 1
