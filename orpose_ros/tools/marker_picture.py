"""A picture of visualization_msgs markers, for machines without RViz."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from visualization_msgs.msg import Marker, MarkerArray

from orpose_models.files.disk import atomic_path

# Optical axes (x right, y down, z forward) as the picture's: x right, y forward, z up.
_TO_PICTURE = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])


def save_marker_picture(markers: MarkerArray, path: str | Path, title: str = "") -> None:
    """Draw the sphere lists, line lists and texts of a camera's markers, seen from its right and above, as PNG.

    Args:
        markers: in one optical frame, with identity poses save for texts, as `markers.pose_markers` makes them.
        path: the picture.
        title: written above.
    """
    figure = Figure(figsize=(8, 7), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.add_subplot(projection="3d")
    drawn = [np.zeros((1, 3))]  # the camera
    axes.scatter([0], [0], [0], marker="s", s=60, color="black")
    axes.text(0, 0, 0.1, "camera")
    for marker in markers.markers:
        points = _points(marker)
        colours = [(c.r, c.g, c.b, c.a) for c in marker.colors] or [_rgba(marker)] * len(points)
        if marker.type == Marker.SPHERE_LIST:
            axes.scatter(*points.T, c=colours, s=18, depthshade=False)
        elif marker.type == Marker.LINE_LIST:
            for start, end, colour in zip(points[::2], points[1::2], colours[::2], strict=True):
                axes.plot(*np.stack([start, end], axis=1), color=colour, linewidth=2.5)
        elif marker.type == Marker.TEXT_VIEW_FACING:
            points = _place(marker)
            axes.text(*points[0], marker.text, fontsize=14, weight="bold")
        drawn.append(points)
    every = np.concatenate(drawn)
    low, high = every.min(axis=0) - 0.3, every.max(axis=0) + 0.3
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]), title=title)
    axes.set_box_aspect(high - low)
    axes.locator_params(nbins=5)
    axes.set(xlabel="right (m)", ylabel="forward (m)", zlabel="up in the image (m)")
    axes.view_init(elev=18, azim=-40)
    with matplotlib.rc_context({"savefig.dpi": 110}), atomic_path(Path(path).with_suffix(".png")) as temporary:
        figure.savefig(temporary)


def _points(marker: Marker) -> NDArray[np.float64]:
    return np.array([(p.x, p.y, p.z) for p in marker.points]).reshape(-1, 3) @ _TO_PICTURE.T


def _place(marker: Marker) -> NDArray[np.float64]:
    position = marker.pose.position
    return np.array([[position.x, position.y, position.z]]) @ _TO_PICTURE.T


def _rgba(marker: Marker) -> tuple[float, float, float, float]:
    return marker.color.r, marker.color.g, marker.color.b, marker.color.a
