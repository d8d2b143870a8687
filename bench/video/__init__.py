"""From video files to clips: decoding, sampling, crops, data sets and training.

A picture is 3 x H x W and a video's pictures F x 3 x H x W, uint8, RGB; a clip is 3 x T x H x W,
float, normalised.
"""
