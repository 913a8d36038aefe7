"""What a COCO-panoptic json says by itself, one family of checks a file.

Checks yield problems: ``panoptic_json`` raises the first error, ``validation`` lists
all of them.
"""
