"""One training step of the same LSTM encoder-decoder in PyTorch: loss, gradients, clipping, Adam. float32 on the CPU. One thread: in processor time."""
import json
import statistics
import sys
import time

import torch
from torch import nn


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
    if "threads" in size:
        torch.set_num_threads(size["threads"])
    clock = time.process_time if size.get("threads") == 1 else time.perf_counter
    torch.manual_seed(1)
    model = EncoderDecoder(layers, hidden, vocabulary)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    source, target, labels = (torch.randint(4, vocabulary, (length, batch)) for _ in range(3))

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(source, target).reshape(-1, vocabulary), labels.reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        return loss.item()

    for _ in range(2):
        step()
    times = []
    for _ in range(8):
        start = clock()
        step()
        times.append(clock() - start)
    print(json.dumps({
        "tokensPerSecond": round(2 * batch * length / statistics.median(times)),
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
    }))


main()
