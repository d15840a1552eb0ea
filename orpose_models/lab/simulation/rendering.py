"""Pictures of a scene: VTK draws colours, depth and who is where; shadows and ambient occlusion are added from depth.

Light is added up from separate passes: shadowless light times ambient occlusion, plus each beam times its
shadow map. The passes are drawn one and a half times as large and averaged, which on a software renderer is faster than
multisampling.
"""

import os
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkFloatArray, vtkUnsignedCharArray

from orpose_models.lab.simulation.geometry import Mesh
from orpose_models.lab.simulation.lights import Beam, Lighting
from orpose_models.lab.simulation.rigs import HEIGHT, WIDTH, RoomCamera, look_at
from orpose_models.lab.simulation.rooms import Place
from orpose_models.lab.simulation.shading import COLUMNS, DRAWN, ROWS, ambient_occlusion, shadow_factor, unproject

COVER_ID = 128  # added to a person's identity for cloth that lies on them
_SHADOW_SIZE = 720
_CLIP = (0.1, 20.0)


@dataclass(frozen=True, eq=False)
class Picture:
    """One view.

    Attributes:
        colour: (h, w, 3) float32, sRGB-like 0..255 and above (not yet clipped), RGB.
        ids: (drawn h, drawn w) uint8: 0 things, k + 1 person k, `COVER_ID` + k + 1 cloth lying on them.
        depth: (drawn h, drawn w) float32, distance along the optical axis in metres.
    """

    colour: NDArray[np.float32]
    ids: NDArray[np.uint8]
    depth: NDArray[np.float32]


def prepare_environment() -> None:
    """Settings VTK must find before it opens its first window: no display needed, one thread."""
    os.environ.setdefault("LP_NUM_THREADS", "0")
    os.environ.setdefault("VTK_SMP_MAX_THREADS", "1")
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


def _polydata(mesh: Mesh) -> Any:
    faces = np.empty((len(mesh.faces), 4), np.int64)
    faces[:, 0], faces[:, 1:] = 3, mesh.faces
    data: Any = pv.PolyData(mesh.points, faces.ravel())
    data["colour"] = np.clip(mesh.colours, 0, 255).astype(np.uint8)
    data.point_data.active_normals = mesh.normals
    return data


class Renderer:
    """Draws scenes one after the other in one window."""

    def __init__(self) -> None:
        prepare_environment()
        self._plotter = pv.Plotter(off_screen=True, window_size=list(DRAWN), lighting="none", line_smoothing=False)
        self._window = cast(Any, self._plotter.render_window)
        self._window.SetMultiSamples(0)
        self._things: list[pv.Actor] = []
        self._glow: list[pv.Actor] = []
        self._people: list[tuple[pv.Actor, Any]] = []
        self._covers: list[tuple[int, pv.Actor]] = []
        self._lighting: Lighting | None = None
        self._shadows: list[tuple[NDArray, NDArray]] = []

    def close(self) -> None:
        """Give the window back."""
        self._plotter.close()

    def load(self, room: Place, props: Mesh, people: list[Mesh], covers: list[Mesh | None], lighting: Lighting) -> None:
        """Set the stage: a room, things put in it, people (moved later by `move`), cloth on them, and light."""
        self._plotter.clear()
        self._lighting = lighting
        self._things = (
            [self._add(_polydata(room.mesh)), self._add(_polydata(props))]
            if len(props.points)
            else [self._add(_polydata(room.mesh))]
        )
        self._things += self._shell(room)
        self._glow = [self._add(_polydata(room.glow))]
        self._people = []
        for mesh in people:
            data = _polydata(mesh)
            self._people.append((self._add(data), data))
        self._covers = [(k, self._add(_polydata(cover))) for k, cover in enumerate(covers) if cover is not None]

    def _add(self, data: Any) -> pv.Actor:
        actor = self._plotter.add_mesh(
            data, scalars="colour", rgb=True, smooth_shading=False, show_scalar_bar=False, reset_camera=False,
            render=False, copy_mesh=False,
        )  # fmt: skip
        actor.prop.interpolation = "phong"
        actor.prop.specular, actor.prop.specular_power = 0.06, 12
        return actor

    def _shell(self, room: Place) -> list[pv.Actor]:
        x, y, top = room.size[0] / 2, room.size[1] / 2, room.ceiling
        quads = [
            (room.floor, [(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], (0, 0, 1)),
            (room.walls, [(-x, -y, 0), (-x, y, 0), (-x, y, top), (-x, -y, top)], (1, 0, 0)),
            (room.walls, [(x, y, 0), (x, -y, 0), (x, -y, top), (x, y, top)], (-1, 0, 0)),
            (room.walls, [(x, -y, 0), (-x, -y, 0), (-x, -y, top), (x, -y, top)], (0, 1, 0)),
            (room.walls, [(-x, y, 0), (x, y, 0), (x, y, top), (-x, y, top)], (0, -1, 0)),
            (np.full((2, 2, 3), 220, np.uint8), [(-x, -y, top), (-x, y, top), (x, y, top), (x, -y, top)], (0, 0, -1)),
        ]
        actors = []
        for image, corners, normal in quads:
            data: Any = pv.PolyData(np.array(corners, np.float32), [4, 0, 1, 2, 3])
            data.point_data.active_normals = np.tile(np.array(normal, np.float32), (4, 1))
            data.active_texture_coordinates = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
            actor = self._plotter.add_mesh(
                data, texture=pv.Texture(np.ascontiguousarray(image)), reset_camera=False, render=False, color="white"
            )
            actor.prop.interpolation = "phong"
            actors.append(actor)
        return actors

    def move(self, people: list[Mesh]) -> None:
        """Put the people where they are at the next moment, and work out the shadows."""
        for (_, data), mesh in zip(self._people, people, strict=True):
            data.points = mesh.points
            data.point_data.active_normals = mesh.normals
        assert self._lighting is not None
        self._flat(True)
        self._window.SetSize(_SHADOW_SIZE, _SHADOW_SIZE)
        self._shadows = [self._shadow(beam) for beam in self._lighting.beams]
        self._window.SetSize(*DRAWN)

    def view(self, camera: RoomCamera) -> Picture:
        """The scene through one camera."""
        assert self._lighting is not None
        matrix = self._aim(camera)
        self._flat(True)
        ids = self._grab()[..., 0]
        z = self._grab_depth()
        self._flat(False)
        near, far = _CLIP
        depth = (near * far / (far - z.astype(np.float64) * (far - near))).astype(np.float32)
        world = unproject(z[np.ix_(ROWS, COLUMNS)], matrix)
        occlusion = ambient_occlusion(depth[np.ix_(ROWS, COLUMNS)])[..., None]
        light = self._pass([(None, self._lighting.fill)], self._lighting.bounce) * occlusion
        for beam, (shadow_matrix, shadow_depth) in zip(self._lighting.beams, self._shadows, strict=True):
            lit = shadow_factor(world, shadow_matrix, shadow_depth, beam)[..., None]
            light += self._pass([(beam, beam.colour)], np.zeros(3)) * lit
        return Picture(light, ids, depth)

    def _aim(self, camera: RoomCamera) -> NDArray:
        view = self._plotter.camera
        position, forward, down = camera.position, camera.rotation[:, 2], camera.rotation[:, 1]
        view.SetPosition(*position)
        view.SetFocalPoint(*(position + forward))
        view.SetViewUp(*(-down))
        k = camera.intrinsics
        view.SetViewAngle(float(np.degrees(2 * np.arctan(k.height / 2 / k.fy))))
        view.SetWindowCenter(-2 * (k.cx + 0.5 - k.width / 2) / k.width, 2 * (k.cy + 0.5 - k.height / 2) / k.height)
        view.SetClippingRange(*_CLIP)
        return _matrix(view, k.width / k.height)

    def _shadow(self, beam: Beam) -> tuple[NDArray, NDArray]:
        view = self._plotter.camera
        turn = look_at(beam.position, beam.target + [1e-3, 0, 0])
        view.SetPosition(*beam.position)
        view.SetFocalPoint(*(beam.position + turn[:, 2]))
        view.SetViewUp(*(-turn[:, 1]))
        view.SetViewAngle(min(2 * beam.cone, 130.0))
        view.SetWindowCenter(0, 0)
        view.SetClippingRange(0.15, 12.0)
        self._window.Render()
        return _matrix(view, 1.0), self._grab_depth().copy()

    def _flat(self, flat: bool) -> None:
        """Switch between lit colours and flat identities."""
        identities: list[tuple[pv.Actor, int]] = [(actor, 0) for actor in [*self._things, *self._glow]]
        identities += [(actor, k + 1) for k, (actor, _) in enumerate(self._people)]
        identities += [(actor, COVER_ID + k + 1) for k, actor in self._covers]
        for actor, identity in identities:
            actor.prop.lighting = not flat
            actor.mapper.SetScalarVisibility(not flat)
            value = identity / 255 if flat else 1.0
            actor.prop.color = (value, value, value)
        for actor in self._glow:
            actor.prop.lighting = False

    def _pass(self, lights: list[tuple[Beam | None, NDArray]], ambient: NDArray) -> NDArray[np.float32]:
        """Light of one kind, (h, w, 3), at full strength; None is the light from all over the ceiling."""
        renderer = self._plotter.renderer
        renderer.RemoveAllLights()
        strength = max(float(max(colour.max() for _, colour in lights) + ambient.max()), 1e-3)
        for beam, colour in lights:
            for light in _sky_lights() if beam is None else [_beam_light(beam)]:
                light.SetDiffuseColor(*(colour / strength))
                light.SetSpecularColor(*(colour / strength))
                renderer.AddLight(light)
        for actor in [*self._things, *(a for a, _ in self._people), *(a for _, a in self._covers)]:
            actor.prop.ambient = float(ambient.mean() / strength)
        return cv2.resize(self._grab(), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32) * np.float32(
            strength
        )

    def _grab(self) -> NDArray[np.uint8]:
        self._window.Render()
        width, height = self._window.GetSize()
        data = vtkUnsignedCharArray()
        self._window.GetPixelData(0, 0, width - 1, height - 1, 0, data, 0)
        return np.ascontiguousarray(np.asarray(data).reshape(height, width, 3)[::-1])

    def _grab_depth(self) -> NDArray[np.float32]:
        width, height = self._window.GetSize()
        data = vtkFloatArray()
        self._window.GetZbufferData(0, 0, width - 1, height - 1, data)
        return np.ascontiguousarray(np.asarray(data).reshape(height, width)[::-1])


def _matrix(view: pv.Camera, aspect: float) -> NDArray[np.float64]:
    """World to normalised device coordinates (4, 4)."""
    m = view.GetCompositeProjectionTransformMatrix(aspect, -1, 1)
    return np.array([[m.GetElement(i, j) for j in range(4)] for i in range(4)])


def _beam_light(beam: Beam) -> pv.Light:
    light = pv.Light(position=tuple(beam.position), focal_point=tuple(beam.target), positional=True)
    light.cone_angle = min(beam.cone, 89.0)
    # The beam fades to a tenth at the edge of its cone.
    light.exponent = float(np.clip(np.log(0.06) / np.log(np.cos(np.radians(light.cone_angle))), 0.0, 60.0))
    return light


def _sky_lights() -> list[pv.Light]:
    """What a bright ceiling and bright walls do to shapes: light from above, and a little from where one looks."""
    above = pv.Light(position=(1.0, 0.6, 4.0), focal_point=(0, 0, 0), light_type="scene light")
    above.positional = False
    above.intensity = 0.7
    front = pv.Light(light_type="headlight")
    front.intensity = 0.45
    return [above, front]
