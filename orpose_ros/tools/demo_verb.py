"""`orpose demo`: real footage through bag, player, DDS and node, to pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orpose_models.cli.console import new_console
from orpose_models.cli.progress import progress_bar
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import MAX_FACTOR, MIN_FACTOR

if TYPE_CHECKING:
    from orpose_models.datasets.bags.create import BagPlan
    from orpose_models.vocabulary.cameras import Camera
    from orpose_models.vocabulary.poses import Poses

console = new_console()

_CAMERA = "cam02"


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/demo"),
    model: Annotated[str | None, typer.Option(help="Which model (default: the node's).")] = None,
    downsample: Annotated[
        float, typer.Option(min=MIN_FACTOR, max=MAX_FACTOR, help="Reduce the image by this factor first.")
    ] = 1.0,
    rate: Annotated[
        float, typer.Option(min=0.01, max=10, help="How fast to play the footage of 60 images a second.")
    ] = 0.1,
) -> None:
    """Play footage of several people to the ROS node and draw the poses that arrive.

    Fetches weights and footage on first use (`orpose fetch`). Exit code 0 means that poses with persons
    arrived over DDS.
    """
    from orpose_models.datasets.bags.create import BagPlan
    from orpose_models.datasets.bags.topics import camera_info_topic
    from orpose_models.datasets.multiview import read_qualisys
    from orpose_models.files.assets import fetch

    try:
        from orpose_ros.parameters import PARAMETERS
        from orpose_ros.tools.demo import run_demo
        from orpose_ros.tools.marker_picture import save_marker_picture
    except ImportError as error:
        raise OrposeError(
            f"the demo needs ROS 2 and the built packages ({error}); run: make demo, or: "
            "make build; source tools/ros_env.sh"
        ) from None
    footage = fetch(["weights", "multiperson"], report=console.print)["multiperson"]
    camera = {placed.name: placed.camera for placed in read_qualisys(footage / "Calib.qca.txt")}[_CAMERA]
    plan = BagPlan(short_side=640)
    bag = _bag(footage / f"{_CAMERA}.mp4", out / "bag", plan, camera)
    assert camera.gravity is not None
    parameters = {
        "model": model or PARAMETERS["model"].default,
        "downsample": downsample,
        "gravity": [round(float(g), 6) for g in camera.gravity],
    }
    console.print(f"playing {bag} at {rate:g} times its speed to the node")
    infos = camera_info_topic(plan.topic)
    arrivals = run_demo(bag, plan.topic, infos, parameters, rate, out / "log.txt")
    for line in arrivals.summary():
        console.print(line)
    _draw(bag, arrivals.poses(), plan, camera, out / "overlay.mp4", arrivals.rate())
    save_marker_picture(arrivals.markers, out / "markers.png", "3D markers as they arrived, in the camera's frame")
    console.print(f"pictures -> {out / 'overlay.mp4'}, {out / 'markers.png'}", soft_wrap=True)


def _bag(video: Path, bag: Path, plan: "BagPlan", camera: "Camera") -> Path:
    from orpose_models.datasets.bags.create import create_bag
    from orpose_models.datasets.frames import open_frames

    if not bag.exists():
        frames = open_frames(video)
        with progress_bar(console) as progress:
            task = progress.add_task("bag", total=len(frames))
            create_bag(frames, bag, plan, camera, lambda: progress.update(task, advance=1))
    return bag


def _draw(bag: Path, poses: "dict[int, Poses]", plan: "BagPlan", camera: "Camera", target: Path, fps: float) -> None:
    """The images of the bag whose poses arrived, with these poses over them and the skeletons from the side."""
    from orpose_models.datasets.bags.reader import open_bag
    from orpose_models.datasets.bags.types import typestore
    from orpose_models.datasets.image_file import size_of
    from orpose_models.drawing.overlays import draw_poses, side_by_side
    from orpose_models.files.picture_writer import PictureWriter
    from orpose_models.messages.fields import stamp_of
    from orpose_models.messages.images import image_to_bgr
    from orpose_models.runs.pictures import draw_scene3d

    with progress_bar(console) as progress, PictureWriter(target, fps=max(1.0, fps)) as writer:
        task = progress.add_task("pictures", total=len(poses))
        for message in open_bag(bag).messages([plan.image_topic]):
            decoded: Any = typestore().deserialize_cdr(message.data, message.type)
            found = poses.get(stamp_of(decoded.header))
            if found is None:
                continue
            image = image_to_bgr(decoded)
            size = size_of(image)
            scene = draw_scene3d(found, size, camera.resized(*size), (640, 640))
            writer.write("", side_by_side(draw_poses(image, found), scene))
            progress.update(task, advance=1)
