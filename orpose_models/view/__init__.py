"""A live view in the browser: a page that shows who is in the room, ids, rates and health, and changes nothing."""
