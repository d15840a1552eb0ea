"""Where images and annotations come from: folders, videos, MVOR, COCO layouts, bags."""
