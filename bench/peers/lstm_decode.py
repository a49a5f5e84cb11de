"""Beam search of the same LSTM encoder-decoder in PyTorch, batched, 30 tokens without early ends. float32 on the CPU."""
import json
import statistics
import sys
import time

import torch
from torch import nn


def main():
    size = json.loads(sys.argv[1])
    layers, hidden, batch, length, vocabulary, beam = (
        size[key] for key in ("layers", "hidden", "batch", "time", "vocabulary", "beam"))
    torch.manual_seed(1)
    source_embedding = nn.Embedding(vocabulary, hidden)
    target_embedding = nn.Embedding(vocabulary, hidden)
    encoder = nn.LSTM(hidden, hidden, layers)
    decoder = nn.LSTM(hidden, hidden, layers)
    output = nn.Linear(hidden, vocabulary)
    source = torch.randint(4, vocabulary, (length, batch))

    @torch.inference_mode()
    def search():
        _, state = encoder(source_embedding(source))
        state = tuple(part.repeat_interleave(beam, dim=1) for part in state)
        scores = torch.full((batch, beam), -1e9)
        scores[:, 0] = 0
        tokens = torch.full((batch * beam,), 2)
        history = []
        for _ in range(length):
            top, state = decoder(target_embedding(tokens)[None], state)
            log_probabilities = output(top[0]).log_softmax(-1).view(batch, beam, vocabulary) + scores[:, :, None]
            scores, best = log_probabilities.view(batch, -1).topk(beam)
            parents = (best // vocabulary + torch.arange(batch)[:, None] * beam).view(-1)
            tokens = (best % vocabulary).view(-1)
            state = tuple(part[:, parents] for part in state)
            history.append((parents, tokens))
        return history

    search()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        search()
        times.append(time.perf_counter() - start)
    seconds = statistics.median(times)
    print(json.dumps({
        "sentencesPerSecond": round(batch / seconds, 1),
        "tokensPerSecond": round(batch * length / seconds),
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
    }))


main()
