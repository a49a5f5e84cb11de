"""One training step of the same GPT in PyTorch, as written or compiled. float32 on the CPU."""
import json
import sys

import torch

from gpt_model import Gpt
from training_step import measure


def main():
    size = json.loads(sys.argv[1])
    layers, dimension, heads, context, batch, vocabulary = (
        size[key] for key in ("layers", "dimension", "heads", "context", "batch", "vocabulary"))
    torch.manual_seed(1)
    tokens, labels = (torch.randint(4, vocabulary, (batch, context)) for _ in range(2))
    measure(Gpt(layers, dimension, heads, context, vocabulary), [tokens], labels, batch * context, size)


main()
