"""One training step of the same LSTM encoder-decoder in PyTorch. float32 on the CPU."""
import json
import sys

import torch
from torch import nn

from training_step import measure


class EncoderDecoder(nn.Module):
    def __init__(self, layers, hidden, vocabulary):
        super().__init__()
        self.source_embedding = nn.Embedding(vocabulary, hidden)
        self.target_embedding = nn.Embedding(vocabulary, hidden)
        self.encoder = nn.LSTM(hidden, hidden, layers)
        self.decoder = nn.LSTM(hidden, hidden, layers)
        self.output = nn.Linear(hidden, vocabulary)

    def forward(self, source, target):
        _, state = self.encoder(self.source_embedding(source))
        hidden, _ = self.decoder(self.target_embedding(target), state)
        return self.output(hidden)


def main():
    size = json.loads(sys.argv[1])
    layers, hidden, batch, length, vocabulary = (size[key] for key in ("layers", "hidden", "batch", "time", "vocabulary"))
    torch.manual_seed(1)
    source, target, labels = (torch.randint(4, vocabulary, (length, batch)) for _ in range(3))
    model = EncoderDecoder(layers, hidden, vocabulary)
    measure(model, [source, target], labels, 2 * batch * length, size, weight_decay=0.0)  # without decay AdamW is Adam


main()
