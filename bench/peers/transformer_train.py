"""One training step of the same Transformer encoder-decoder in PyTorch, as written or compiled. float32 on the CPU."""
import json
import math
import sys

import torch
from torch import nn
from torch.nn import functional as F

from training_step import measure


class Attention(nn.Module):
    def __init__(self, dimension, heads, own):
        super().__init__()
        self.heads = heads
        # Of one sequence, the three projections are one product; over a memory, the last two.
        self.parts = nn.Linear(dimension, 3 * dimension) if own else nn.Linear(dimension, 2 * dimension)
        self.query = None if own else nn.Linear(dimension, dimension)
        self.output = nn.Linear(dimension, dimension)

    def forward(self, x, memory=None, mask=None, causal=False):
        dimension = x.shape[-1]
        if memory is None:
            query, key, value = self.parts(x).split(dimension, dim=2)
        else:
            query, (key, value) = self.query(x), self.parts(memory).split(dimension, dim=2)
        query, key, value = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in (query, key, value))
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)
        return self.output(attended.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, dimension, heads, decoding):
        super().__init__()
        self.own_norm = nn.LayerNorm(dimension)
        self.own = Attention(dimension, heads, True)
        self.cross_norm = nn.LayerNorm(dimension) if decoding else None
        self.cross = Attention(dimension, heads, False) if decoding else None
        self.feed_forward_norm = nn.LayerNorm(dimension)
        self.inner = nn.Linear(dimension, 4 * dimension)
        self.outer = nn.Linear(4 * dimension, dimension)

    def forward(self, x, mask, memory=None):
        decoding = memory is not None
        x = x + self.own(self.own_norm(x), mask=None if decoding else mask, causal=decoding)
        if decoding:
            x = x + self.cross(self.cross_norm(x), memory, mask)
        return x + self.outer(F.relu(self.inner(self.feed_forward_norm(x))))


class Transformer(nn.Module):
    def __init__(self, layers, dimension, heads, time, vocabulary):
        super().__init__()
        self.scale = math.sqrt(dimension)
        self.source, self.target = (nn.Embedding(vocabulary, dimension) for _ in range(2))
        self.encoder, self.decoder = (
            nn.ModuleList(Layer(dimension, heads, decoding) for _ in range(layers)) for decoding in (False, True))
        self.encoder_norm, self.decoder_norm = (nn.LayerNorm(dimension) for _ in range(2))
        self.output = nn.Linear(dimension, vocabulary)
        angles = torch.arange(time)[:, None] * 10_000 ** (-torch.arange(0, dimension, 2) / dimension)
        self.register_buffer("waves", torch.cat([angles.sin(), angles.cos()], 1))
        for embedding in (self.source, self.target):
            nn.init.normal_(embedding.weight, std=dimension ** -0.5)

    def forward(self, source, target, lengths):
        mask = (torch.arange(source.shape[1]) < lengths[:, None])[:, None, None]
        memory = self.source(source) * self.scale + self.waves
        for layer in self.encoder:
            memory = layer(memory, mask)
        memory = self.encoder_norm(memory)
        x = self.target(target) * self.scale + self.waves
        for layer in self.decoder:
            x = layer(x, mask, memory)
        return self.output(self.decoder_norm(x))


def main():
    size = json.loads(sys.argv[1])
    layers, dimension, heads, batch, time, vocabulary = (
        size[key] for key in ("layers", "dimension", "heads", "batch", "time", "vocabulary"))
    torch.manual_seed(1)
    source, target, labels = (torch.randint(4, vocabulary, (batch, time)) for _ in range(3))
    lengths = torch.full((batch,), time)
    model = Transformer(layers, dimension, heads, time, vocabulary)
    measure(model, [source, target, lengths], labels, 2 * batch * time, size)


main()
