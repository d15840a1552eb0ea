"""Rotations, forward kinematics and two-bone inverse kinematics for batches of figures."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def rotation(axis: int, angles: ArrayLike) -> Array:
    """(..., 3, 3) right-handed rotations by `angles` (...) in radians about coordinate axis 0, 1 or 2."""
    angles = np.asarray(angles, np.float64)
    cos, sin = np.cos(angles), np.sin(angles)
    first, second = ((1, 2), (2, 0), (0, 1))[axis]
    matrix = np.zeros((*angles.shape, 3, 3))
    matrix[..., axis, axis] = 1
    matrix[..., first, first] = matrix[..., second, second] = cos
    matrix[..., second, first] = sin
    matrix[..., first, second] = -sin
    return matrix


def rotate(matrices: Array, vectors: Array) -> Array:
    """Apply (n, 3, 3) rotations to vectors (n, 3) or (n, k, 3)."""
    if vectors.ndim == 2:
        return np.einsum("nij,nj->ni", matrices, vectors)
    return vectors @ np.swapaxes(matrices, -1, -2)


def unit(vectors: Array) -> Array:
    """Vectors (..., 3) scaled to length one; a zero vector stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def frame(bone: Array, hinge: Array) -> Array:
    """(n, 3, 3) with columns: the bone's direction, the hinge made perpendicular to it, and their cross product."""
    first = unit(bone)
    second = unit(hinge - (hinge * first).sum(-1, keepdims=True) * first)
    return np.stack([first, second, np.cross(first, second)], axis=-1)


def align(rest_bone: Array, rest_hinge: Array, bone: Array, hinge: Array) -> Array:
    """(n, 3, 3) rotations that take a limb's rest bone and hinge directions to the wanted ones."""
    return frame(bone, hinge) @ np.swapaxes(frame(rest_bone, rest_hinge), -1, -2)


def reach(shoulder: Array, target: Array, upper: Array, lower: Array, pole: Array) -> tuple[Array, Array]:
    """Two-bone inverse kinematics.

    Args:
        shoulder, target: (n, 3) start of the limb and where its end should go.
        upper, lower: (n,) bone lengths.
        pole: (n, 3) direction towards which the middle joint bends.

    Returns:
        (n, 3) middle joint and (n, 3) end. A target out of reach is moved along its line from the
        shoulder to what a limb can do: nearly straight at most, bent by some 150 degrees at least.
    """
    direction = unit(target - shoulder)
    nearest = np.sqrt(upper**2 + lower**2 - 2 * upper * lower * np.cos(np.radians(30)))
    length = np.clip(np.linalg.norm(target - shoulder, axis=-1), nearest, 0.99 * (upper + lower))
    along = (upper**2 - lower**2 + length**2) / (2 * length)
    height = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    bend = unit(pole - (pole * direction).sum(-1, keepdims=True) * direction)
    middle = shoulder + direction * along[:, None] + bend * height[:, None]
    return middle, shoulder + direction * length[:, None]


def forward(offsets: Array, parents: tuple[int, ...], rotations: Array) -> Array:
    """Joint positions (n, j, 3) of a tree of bones.

    Args:
        offsets: (n, j, 3) rest position of each joint relative to its parent.
        parents: index of each joint's parent, before the joint itself; -1 for the root, placed at the origin.
        rotations: (n, j, 3, 3) of each joint from the rest pose, in the figure's axes (not relative to the parent).
    """
    positions = np.zeros_like(offsets)
    for joint, parent in enumerate(parents):
        if parent >= 0:
            positions[:, joint] = positions[:, parent] + rotate(rotations[:, parent], offsets[:, joint])
    return positions
