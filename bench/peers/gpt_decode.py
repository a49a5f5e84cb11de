"""Greedy decoding with a key-value cache of the same GPT in PyTorch, eager. float32 on the CPU.

The cache is a tensor of full capacity that is written in place, and attention reads its filled part: the fastest of the
plain ways to write it.
"""
import json
import statistics
import sys
import time

import torch

from gpt_model import Gpt


def main():
    size = json.loads(sys.argv[1])
    layers, dimension, heads, context, vocabulary, prompt, new = (
        size[key] for key in ("layers", "dimension", "heads", "context", "vocabulary", "prompt", "newTokens"))
    torch.manual_seed(1)
    model = Gpt(layers, dimension, heads, context, vocabulary).eval()

    @torch.inference_mode()
    def generate(rows):
        shape = (rows, heads, context, dimension // heads)
        caches = [(torch.zeros(shape), torch.zeros(shape)) for _ in range(layers)]
        tokens = torch.randint(4, vocabulary, (rows, prompt))
        past = 0
        written = []
        for _ in range(new):
            best = model.continue_with(tokens, caches, past).argmax(-1)
            past += tokens.shape[1]
            tokens = best[:, None]
            written.append(best.tolist())
        return written

    def tokens_per_second(rows):
        generate(rows)
        times = []
        for _ in range(size.get("repeats", 3)):
            start = time.perf_counter()
            generate(rows)
            times.append(time.perf_counter() - start)
        return round(rows * new / statistics.median(times), 1)

    print(json.dumps({
        "tokensPerSecond": tokens_per_second(1),
        "tokensPerSecondBatch8": tokens_per_second(8),
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
    }))


main()
