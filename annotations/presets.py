"""Class lists of well-known data sets: ids as in their label files, colours as published.

Each line is id, colour, name. A name that ends in `*` has no surface to reconstruct.
"""

from typing import Final

CAMVID_11: Final = """
0 #808080 sky*
1 #800000 building
2 #c0c080 pole
3 #804080 road
4 #0000c0 pavement
5 #808000 tree
6 #c08080 sign
7 #404080 fence
8 #400080 car
9 #404000 pedestrian
10 #0080c0 bicyclist
"""
"""The usual 11 classes of CamVid (Brostow et al.), colours of its label_colors.txt."""

CITYSCAPES_19: Final = """
7 #804080 road
8 #f423e8 sidewalk
11 #464646 building
12 #66669c wall
13 #be9999 fence
17 #999999 pole
19 #faaa1e traffic light
20 #dcdc00 traffic sign
21 #6b8e23 vegetation
22 #98fb98 terrain
23 #4682b4 sky*
24 #dc143c person
25 #ff0000 rider
26 #00008e car
27 #000046 truck
28 #003c64 bus
31 #005064 train
32 #0000e6 motorcycle
33 #770b20 bicycle
"""
"""The evaluated classes of Cityscapes; ids of its *_labelIds.png (cityscapesScripts, labels.py)."""

NYU_40: Final = """
1 #aec7e8 wall
2 #98df8a floor
3 #1f77b4 cabinet
4 #ffbb78 bed
5 #bcbd22 chair
6 #8c564b sofa
7 #ff9896 table
8 #d62728 door
9 #c5b0d5 window
10 #9467bd bookshelf
11 #c49c94 picture
12 #17becf counter
13 #b24c4c blinds
14 #f7b6d2 desk
15 #42bc66 shelves
16 #dbdb8d curtain
17 #8c39c5 dresser
18 #cab934 pillow
19 #33b0cb mirror
20 #c83683 floor mat
21 #5cc13d clothes
22 #4e47b7 ceiling
23 #ac7252 books
24 #ff7f0e refrigerator
25 #5ba38a television
26 #99629c paper
27 #8c9965 towel
28 #9edae5 shower curtain
29 #647d9a box
30 #b27f87 whiteboard
31 #78b980 person
32 #926fc2 night stand
33 #2ca02c toilet
34 #708090 sink
35 #60cfd1 lamp
36 #e377c2 bathtub
37 #d55cb0 bag
38 #5e6ad3 other structure
39 #5254a3 other furniture
40 #645590 other prop
"""
"""The 40 classes of NYU Depth v2 (Gupta et al.; 0 is unlabelled), colours of ScanNet's nyu40."""

VOC_21: Final = """
0 #000000 background
1 #800000 aeroplane
2 #008000 bicycle
3 #808000 bird
4 #000080 boat
5 #800080 bottle
6 #008080 bus
7 #808080 car
8 #400000 cat
9 #c00000 chair
10 #408000 cow
11 #c08000 dining table
12 #400080 dog
13 #c00080 horse
14 #408080 motorbike
15 #c08080 person
16 #004000 potted plant
17 #804000 sheep
18 #00c000 sofa
19 #80c000 train
20 #004080 tv monitor
"""
"""PASCAL VOC 2012 with its background, colours of the development kit's colour map."""
