"""Coloured triangle meshes and the simple solids that rooms are built from.

World frame: metres, z up, x and y along the walls. Solids are made around the origin and placed by
`Mesh.placed`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import Self

Colour = ArrayLike  # three numbers in 0..255


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with colours.

    Attributes:
        points: (n, 3) float32, metres.
        faces: (m, 3) int32, indices into points.
        normals: (n, 3) float32, unit.
        colours: (n, 3) float32, 0..255, sRGB.
    """

    points: NDArray[np.float32]
    faces: NDArray[np.int32]
    normals: NDArray[np.float32]
    colours: NDArray[np.float32]

    @classmethod
    def build(cls, points: ArrayLike, faces: ArrayLike, normals: ArrayLike, colours: ArrayLike) -> Self:
        """From anything array-like; a single colour is given to every point."""
        points = np.asarray(points, np.float32).reshape(-1, 3)
        colours = np.broadcast_to(np.asarray(colours, np.float32), points.shape)
        return cls(
            points, np.asarray(faces, np.int32).reshape(-1, 3), np.asarray(normals, np.float32), np.array(colours)
        )

    @classmethod
    def merge(cls, meshes: Iterable["Mesh"]) -> Self:
        """All of them as one."""
        meshes = list(meshes)
        if not meshes:
            nothing = np.zeros((0, 3))
            return cls.build(nothing, nothing, nothing, nothing)
        starts = np.cumsum([0, *(len(mesh.points) for mesh in meshes)])
        return cls(
            np.concatenate([mesh.points for mesh in meshes]),
            np.concatenate([mesh.faces + np.int32(start) for mesh, start in zip(meshes, starts, strict=False)]),
            np.concatenate([mesh.normals for mesh in meshes]),
            np.concatenate([mesh.colours for mesh in meshes]),
        )

    def placed(self, position: ArrayLike = (0, 0, 0), rotation: ArrayLike | None = None) -> Self:
        """Rotated by a (3, 3) matrix, then moved."""
        turn = np.eye(3) if rotation is None else np.asarray(rotation, np.float64)
        points = self.points @ turn.T + np.asarray(position, np.float64)
        return replace(self, points=points.astype(np.float32), normals=(self.normals @ turn.T).astype(np.float32))

    def coloured(self, colours: ArrayLike) -> Self:
        """With other colours: one, or one per point."""
        return replace(self, colours=np.array(np.broadcast_to(np.asarray(colours, np.float32), self.points.shape)))


def rotation_z(angle: float) -> NDArray[np.float64]:
    """Turn about the vertical (3, 3), anticlockwise seen from above."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def frame_along(direction: ArrayLike) -> NDArray[np.float64]:
    """A rotation (3, 3) that takes z to `direction`."""
    z = np.asarray(direction, np.float64)
    z = z / np.linalg.norm(z)
    helper = np.array([1.0, 0, 0]) if abs(z[0]) < 0.9 else np.array([0, 1.0, 0])
    x = np.cross(helper, z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def point_normals(points: NDArray, faces: NDArray) -> NDArray[np.float32]:
    """Area-weighted normals (n, 3) of a surface whose faces wind anticlockwise seen from outside."""
    corners = points[faces].astype(np.float64)
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    index = faces.ravel()
    repeated = np.repeat(face_normals, 3, axis=0)
    normals = np.stack([np.bincount(index, repeated[:, k], len(points)) for k in range(3)], axis=1)
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def _grid_faces(rows: int, columns: int, wrap: bool = False) -> NDArray[np.int32]:
    """Triangles of a (rows, columns) grid of points; `wrap` joins the last column to the first."""
    across = columns if wrap else columns - 1
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(across), indexing="ij")
    k = (j + 1) % columns
    a, b, c, d = i * columns + j, i * columns + k, (i + 1) * columns + k, (i + 1) * columns + j
    return np.stack([np.stack([a, b, c], -1), np.stack([a, c, d], -1)], 2).reshape(-1, 3).astype(np.int32)


_BOX = [
    ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
    ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    ((0, 0, 1), (1, 0, 0), (0, 1, 0)),
    ((0, 0, -1), (-1, 0, 0), (0, 1, 0)),
]


def box(size: ArrayLike, colour: Colour, bottom: bool = True) -> Mesh:
    """A cuboid of `size` (x, y, z), standing on z = 0 if `bottom`, else centred."""
    half = np.asarray(size, np.float64) / 2
    points: list[NDArray] = []
    normals: list[NDArray] = []
    faces: list[list[int]] = []
    for n, u, v in np.array(_BOX, float):
        faces += [[k + len(points) for k in tri] for tri in ((0, 1, 2), (0, 2, 3))]
        points += [(n + a * u + b * v) * half for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        normals += [n] * 4
    lift = np.array([0, 0, half[2] if bottom else 0])
    return Mesh.build(np.array(points) + lift, faces, normals, colour)


def lathe(radii: ArrayLike, heights: ArrayLike, colour: Colour, sides: int = 16, squash: float = 1.0) -> Mesh:
    """A body of revolution about z through (radius, height) pairs, from bottom to top; y is scaled by `squash`."""
    radii, heights = np.asarray(radii, np.float64), np.asarray(heights, np.float64)
    angles = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles) * squash], -1)
    points = np.concatenate(
        [radii[:, None, None] * ring[None], np.broadcast_to(heights[:, None, None], (len(radii), sides, 1))], -1
    ).reshape(-1, 3)
    faces = _grid_faces(len(radii), sides, wrap=True)
    return Mesh.build(points, faces, point_normals(points, faces), colour)


def cylinder(radius: float, height: float, colour: Colour, sides: int = 14, top: float | None = None) -> Mesh:
    """A capped cylinder or cone frustum standing on z = 0."""
    end = radius if top is None else top
    side = lathe([radius, end], [0, height], colour, sides)
    caps = [
        lathe([0.0, radius], [0, 0], colour, sides).coloured(colour),
        lathe([end, 0.0], [height, height], colour, sides),
    ]
    return Mesh.merge([side, *caps])


def ellipsoid(radii: ArrayLike, colour: Colour, sides: int = 14) -> Mesh:
    """An ellipsoid about the origin."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, max(sides // 2, 4))
    ball = lathe(np.maximum(np.cos(angle), 1e-4), np.sin(angle), colour, sides)
    scale = np.asarray(radii, np.float64)
    normals = ball.points / scale
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Mesh.build(ball.points * scale, ball.faces, normals, colour)


def tube(path: ArrayLike, radius: float | ArrayLike, colour: Colour, sides: int = 8) -> Mesh:
    """A round tube along a polyline (k, 3): cables, pipes, handles, lamp arms."""
    path = np.asarray(path, np.float64)
    tangents = np.gradient(path, axis=0)
    tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-9)
    angles = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    frame = frame_along(tangents[0])
    rings, normals = [], []
    for point, tangent, r in zip(path, tangents, np.broadcast_to(radius, len(path)), strict=True):
        x = frame[:, 0] - tangent * (frame[:, 0] @ tangent)  # carried along, so that the tube does not twist
        x /= np.linalg.norm(x)
        frame = np.stack([x, np.cross(tangent, x), tangent], axis=1)
        out = np.outer(np.cos(angles), frame[:, 0]) + np.outer(np.sin(angles), frame[:, 1])
        rings.append(point + r * out)
        normals.append(out)
    return Mesh.build(np.concatenate(rings), _grid_faces(len(path), sides, wrap=True), np.concatenate(normals), colour)


def rod(start: ArrayLike, end: ArrayLike, radius: float, colour: Colour, sides: int = 8) -> Mesh:
    """A straight round bar between two points."""
    return tube(np.array([start, end], float), radius, colour, sides)


def sheet(points: NDArray, colours: ArrayLike) -> Mesh:
    """A surface through a (rows, columns, 3) grid of points; `colours` one, or (rows, columns, 3)."""
    rows, columns = points.shape[:2]
    flat = points.reshape(-1, 3)
    faces = _grid_faces(rows, columns)
    colours = np.asarray(colours, np.float32)
    return Mesh.build(flat, faces, point_normals(flat, faces), colours.reshape(-1, 3) if colours.ndim == 3 else colours)


def panel(image: NDArray, width: float, height: float) -> Mesh:
    """A flat picture of (rows, columns, 3) coloured cells, upright in x = 0, looking along +x, foot at z = 0."""
    rows, columns = image.shape[:2]
    y = np.linspace(-width / 2, width / 2, columns + 1)
    z = np.linspace(height, 0, rows + 1)
    lower = np.stack(np.meshgrid(z[:-1], y[:-1], indexing="ij"), -1).reshape(-1, 2)
    cell = np.array([[0, 0], [0, y[1] - y[0]], [z[1] - z[0], y[1] - y[0]], [z[1] - z[0], 0]])
    corners = (lower[:, None] + cell).reshape(-1, 2)
    points = np.stack([np.zeros(len(corners)), corners[:, 1], corners[:, 0]], -1)
    quads = 4 * np.arange(rows * columns)[:, None]
    faces = np.concatenate([quads + [0, 2, 1], quads + [0, 3, 2]])
    colours = np.repeat(np.asarray(image, np.float32).reshape(-1, 3), 4, axis=0)
    return Mesh.build(points, faces, np.tile([1.0, 0, 0], (len(points), 1)), colours)
