"""The persons of a room from recordings of its cameras, into a new bag. No ROS: the same input gives the same bag."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import BagWriter, Storage, new_bag
from orpose_models.datasets.camera_file import View
from orpose_models.datasets.image_file import size_of
from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.datasets.rig_file import FrameTree, Placement, Rig
from orpose_models.files.disk import require_new
from orpose_models.fusion.camera_check import CameraCheck, CameraVerdict
from orpose_models.fusion.fuser import MAX_CAMERAS, MEMORY, MIN_CAMERAS, Fuser
from orpose_models.fusion.moments import Moment, paired
from orpose_models.fusion.zones import Zone, ZoneWatch
from orpose_models.messages.event_messages import tracks_message, zone_event_message
from orpose_models.messages.fields import make_header
from orpose_models.messages.room_messages import room_markers_message, room_persons_message, room_poses3d_message
from orpose_models.runs.recordings import Recording, Taken
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.tracking.roll import Roll
from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.reporting import Reporter, Silent, counter
from orpose_models.vocabulary.room_persons import RoomPersons

POSES3D, PERSONS, MARKERS = "/orpose/room/poses3d", "/orpose/room/persons", "/orpose/room/markers"
EVENTS, TRACKS = "/orpose/room/zone_events", "/orpose/room/tracks"  # where zones are given

Seen = tuple[Poses, float]  # the persons of an image, and by how much it was reduced


@dataclass(frozen=True)
class FusePlan:
    """How recordings are fused.

    Attributes:
        rig: where the cameras are; None for the transforms of the recording.
        transforms: those of the recording.
        frame: the room's frame.
        tolerance_ns: by how much the stamps of one moment may differ.
        single_views: whether to keep persons whom one camera alone sees.
        stride: every n-th image of each camera is taken.
        storage: the kind of the new bag.
        zones: whose events are written, and the list of tracks with them; none for neither.
        zone_distance: metres within which somebody is near a zone; 0 for no such events.
    """

    rig: Rig | None = None
    transforms: FrameTree = field(default_factory=FrameTree)
    frame: str = "room"
    tolerance_ns: int = 50_000_000
    single_views: bool = True
    stride: int = 1
    storage: Storage = "mcap"
    zones: Sequence[Zone] = ()
    zone_distance: float = 0.0


@dataclass(frozen=True)
class FuseRun:
    """What came of a run.

    Attributes:
        moments: how many there are.
        persons: how many persons at all moments together. ids: how many different ones.
        together: how many of the persons are seen by at least two cameras.
        verdicts: of each camera.
        problems: one sentence for each thing that is left out.
    """

    moments: int
    persons: int
    ids: int
    together: int
    verdicts: list[CameraVerdict]
    problems: list[str]


def fuse_recordings(
    recordings: Sequence[Recording], out: Path, pipeline: Pipeline, plan: FusePlan, reporter: Reporter | None = None
) -> FuseRun:
    """Find everybody in the images of several cameras and write the persons of the room into a new bag.

    Args:
        recordings: 2 to 8.
        out: the new bag's folder.
        pipeline: finds the persons of an image; each camera gets a tracker of its own.
        plan: see `FusePlan`.
        reporter: hears how far it is.

    Raises:
        OrposeError: `out` exists already, a camera has no place or no intrinsics, or nothing can be read.
    """
    reporter = reporter or Silent()
    require_new(out)
    if not MIN_CAMERAS <= len(recordings) <= MAX_CAMERAS:
        names = ", ".join(recording.name for recording in recordings)
        raise OrposeError(f"fusion is of {MIN_CAMERAS} to {MAX_CAMERAS} cameras, got {len(recordings)}: {names}")
    if plan.rig is not None:
        for recording in recordings:
            plan.rig.of(recording.name)
    cameras, streams, problems = [], [], []
    for recording in recordings:
        camera, stream = _found(recording, pipeline, plan, reporter)
        cameras.append(camera)
        streams.append(stream)
        problems += recording.problems
    fuser, check = Fuser(cameras, single_views=plan.single_views), CameraCheck(cameras)
    notes = {
        "model": pipeline.model.name,
        "model_sha256": pipeline.model.sha256,
        "downsample": f"{pipeline.downsample:g}",
    }
    count = persons = together = 0
    ids: set[int] = set()
    with new_bag(out, plan.storage, {**notes, "cameras": ",".join(c.name for c in cameras)}) as writer:
        writer.add_topic(POSES3D, "orpose_msgs/msg/PersonPose3DArray")
        writer.add_topic(PERSONS, "orpose_msgs/msg/RoomPersonArray")
        writer.add_topic(MARKERS, "visualization_msgs/msg/MarkerArray")
        frame = plan.rig.frame if plan.rig is not None else plan.frame
        happenings = _Happenings(writer, plan, frame) if plan.zones else None
        for moment, found in fused(fuser, check, paired(streams, plan.tolerance_ns)):
            _write(writer, moment, found, cameras, frame)
            if happenings is not None:
                happenings.write(moment.stamp_ns, found)
            count, persons, together = count + 1, persons + len(found), together + int((found.seen_by > 1).sum())
            ids.update(found.ids.tolist())
    return FuseRun(count, persons, len(ids), together, check.verdicts(), problems)


def fused(
    fuser: Fuser, check: CameraCheck, moments: Sequence[Moment[Seen]]
) -> Iterator[tuple[Moment[Seen], RoomPersons]]:
    """The persons of each moment; what the cameras see is kept for the check."""
    for moment in moments:
        poses = [Poses.empty() if item is None else item[0] for item in moment.items]
        factors = [1.0 if item is None else item[1] for item in moment.items]
        persons = fuser.update(poses, moment.stamp_ns * 1e-9, factors)
        check.add(poses, persons, factors)
        yield moment, persons


def _found(
    recording: Recording, pipeline: Pipeline, plan: FusePlan, reporter: Reporter
) -> tuple[PlacedCamera, list[tuple[int, Seen]]]:
    """The camera in its place, and the persons of each of its images."""
    own = replace(pipeline, tracker=Tracker())
    advance = counter(reporter, recording.name, -(-recording.count // plan.stride))
    view: PlacedCamera | None = None
    stream: list[tuple[int, Seen]] = []
    for number, taken in enumerate(recording):
        if number % plan.stride:
            continue
        if view is None:
            view = _placed(recording.name, taken, plan)
        elif (view.camera.width, view.camera.height) != size_of(taken.image):
            recording.problems.append(f"{recording.name}: an image of another size is left out")
            continue
        result = own.process(taken.image, view.camera, taken.stamp_ns * 1e-9)
        stream.append((taken.stamp_ns, (result.poses, result.resolution.full[0] / result.resolution.seen[0])))
        advance()
    if view is None:
        reason = f": {recording.problems[0]}" if recording.problems else ""
        raise OrposeError(f"camera {recording.name!r}: no image can be read{reason}")
    stream.sort(key=lambda one: one[0])
    return view, stream


def _placed(name: str, taken: Taken, plan: FusePlan) -> PlacedCamera:
    placement: Placement | None
    if plan.rig is not None:
        placement = plan.rig.of(name)
    else:
        placement = plan.transforms.placement(plan.frame, taken.frame_id)
        if placement is None:
            raise OrposeError(
                f"camera {name!r}: no transform from {plan.frame!r} to {taken.frame_id!r} in the recording; "
                "give a rig file with --rig, or another --frame"
            )
    placed = placement.placed(name, taken.camera)
    return replace(placed, camera=View(placed.camera, placed.camera.gravity).camera(size_of(taken.image)))


class _Happenings:
    """Events of zones, and the list of tracks, as `fusion_node` publishes them."""

    def __init__(self, writer: BagWriter, plan: FusePlan, frame: str) -> None:
        self._writer, self._frame = writer, frame
        self._watch, self._roll = ZoneWatch(plan.zones, plan.zone_distance, memory=MEMORY), Roll(round(MEMORY * 1e9))
        self._said = False
        writer.add_topic(EVENTS, "orpose_msgs/msg/ZoneEvent")
        writer.add_topic(TRACKS, "orpose_msgs/msg/TrackArray", transient_local=True)

    def write(self, stamp_ns: int, persons: RoomPersons) -> None:
        header = make_header(stamp_ns, self._frame, message_class)
        for event in self._watch.update(persons, stamp_ns * 1e-9):
            self._writer.write(EVENTS, zone_event_message(event, header, message_class), stamp_ns)
        if self._roll.call(persons.ids.tolist(), stamp_ns, self._watch.where()) or not self._said:
            self._said = True
            self._writer.write(TRACKS, tracks_message(self._roll.all, header, message_class), stamp_ns)


def _write(
    writer: BagWriter, moment: Moment[Seen], persons: RoomPersons, cameras: Sequence[PlacedCamera], frame: str
) -> None:
    header = make_header(moment.stamp_ns, frame, message_class)
    names, present = [view.name for view in cameras], [item is not None for item in moment.items]
    for topic, message in (
        (POSES3D, room_poses3d_message(persons, header, message_class)),
        (PERSONS, room_persons_message(persons, names, present, header, message_class)),
        (MARKERS, room_markers_message(persons, header, message_class)),
    ):
        writer.write(topic, message, moment.stamp_ns)
