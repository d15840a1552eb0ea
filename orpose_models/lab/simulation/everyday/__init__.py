"""Scenes of ordinary life: other people, clothes, places, light and viewpoints than the operating room's."""
