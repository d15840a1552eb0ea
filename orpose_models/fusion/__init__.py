"""Several calibrated cameras of one room: who is who across the views, and where everybody is in the room.

`sights` turns the poses of each camera into rays in the room, `matching` finds who is who, `solving` places the joints,
`fuser` keeps ids and sizes from moment to moment, `moments` pairs images by time, and `camera_check` tells when a
camera no longer is where the calibration says.
"""
