"""Videos: annotations, decoding, sampling of frames, crops, data sets, evaluation and training.

Pictures of a video are F x 3 x H x W, uint8, RGB. A clip is 3 x T x H x W, float, normalised.
"""
