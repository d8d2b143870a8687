"""What holds for every test."""

import torch

torch.set_num_threads(1)  # on a busy machine, threads that wait for each other crawl
