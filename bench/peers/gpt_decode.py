"""Greedy decoding with a key-value cache of the same GPT in PyTorch, eager. float32 on the CPU.

The cache is a tensor of full capacity that is written in place, and attention reads its filled part: the fastest of the
plain ways to write it.
"""
import json
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, dimension, heads):
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(dimension)
        self.qkv = nn.Linear(dimension, 3 * dimension)
        self.output = nn.Linear(dimension, dimension)
        self.feed_forward_norm = nn.LayerNorm(dimension)
        self.inner = nn.Linear(dimension, 4 * dimension)
        self.outer = nn.Linear(4 * dimension, dimension)

    def forward(self, x, keys, values, past):
        rows, time_, dimension = x.shape
        query, key, value = (
            part.view(rows, time_, self.heads, -1).transpose(1, 2)
            for part in self.qkv(self.attention_norm(x)).split(dimension, dim=2))
        end = past + time_
        keys[:, :, past:end] = key
        values[:, :, past:end] = value
        attended = F.scaled_dot_product_attention(query, keys[:, :, :end], values[:, :, :end], is_causal=time_ > 1)
        x = x + self.output(attended.transpose(1, 2).reshape(rows, time_, dimension))
        return x + self.outer(F.gelu(self.inner(self.feed_forward_norm(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, layers, dimension, heads, context, vocabulary):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, dimension)
        self.positions = nn.Embedding(context, dimension)
        self.blocks = nn.ModuleList(Block(dimension, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(dimension)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens, caches, past):
        x = self.tokens(tokens) + self.positions.weight[past:past + tokens.shape[1]]
        for block, (keys, values) in zip(self.blocks, caches):
            x = block(x, keys, values, past)
        return self.norm(x[:, -1]) @ self.tokens.weight.T


def main():
    size = json.loads(sys.argv[1])
    layers, dimension, heads, context, vocabulary, prompt, new = (
        size[key] for key in ("layers", "dimension", "heads", "context", "vocabulary", "prompt", "newTokens"))
    if "threads" in size:
        torch.set_num_threads(size["threads"])
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
            best = model(tokens, caches, past).argmax(-1)
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
