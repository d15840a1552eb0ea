"""Synthetic people in front of synthetic cameras: bodies -> postures -> landmarks -> views -> occlusion -> detections.

Each module draws one thing from a `numpy.random.Generator`; `samples` chains them.
"""
