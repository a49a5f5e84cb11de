"""The GPT of the benchmarks in PyTorch: GPT-2's layers, with or without a key-value cache."""
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

    def forward(self, x, cache=None, past=0):
        """`cache` holds keys and values at full capacity; the first `past` are filled, and those of x are written after them."""
        rows, time, dimension = x.shape
        query, key, value = (
            part.view(rows, time, self.heads, -1).transpose(1, 2)
            for part in self.qkv(self.attention_norm(x)).split(dimension, dim=2))
        if cache is not None:
            keys, values = cache
            end = past + time
            keys[:, :, past:end] = key
            values[:, :, past:end] = value
            key, value = keys[:, :, :end], values[:, :, :end]
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=time > 1)
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

    def states(self, tokens, caches=None, past=0):
        x = self.tokens(tokens) + self.positions.weight[past:past + tokens.shape[1]]
        for at, block in enumerate(self.blocks):
            x = block(x, caches and caches[at], past)
        return x

    def forward(self, tokens):
        """Logits of all places."""
        return F.linear(self.norm(self.states(tokens)), self.tokens.weight)

    def continue_with(self, tokens, caches, past):
        """Logits of the last place."""
        return F.linear(self.norm(self.states(tokens, caches, past)[:, -1]), self.tokens.weight)
