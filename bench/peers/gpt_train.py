"""One training step of the same GPT in PyTorch, as written or compiled. float32 on the CPU."""
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

from training_step import measure


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

    def forward(self, x):
        rows, time, dimension = x.shape
        query, key, value = (
            part.view(rows, time, self.heads, -1).transpose(1, 2)
            for part in self.qkv(self.attention_norm(x)).split(dimension, dim=2))
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.output(attended.transpose(1, 2).reshape(rows, time, dimension))
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

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions.weight[:tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.tokens.weight)


def main():
    size = json.loads(sys.argv[1])
    layers, dimension, heads, context, batch, vocabulary = (
        size[key] for key in ("layers", "dimension", "heads", "context", "batch", "vocabulary"))
    torch.manual_seed(1)
    tokens, labels = (torch.randint(4, vocabulary, (batch, context)) for _ in range(2))
    measure(Gpt(layers, dimension, heads, context, vocabulary), [tokens], labels, batch * context, size)


main()
