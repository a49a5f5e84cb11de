"""A character-level GPT of tiny Shakespeare in PyTorch, trained as nanoGPT trains it on a CPU. float32, not compiled.

Of nanoGPT's settings there: 4 layers of 128, 4 heads, context 64, batch 12, exact GELU, no biases, no dropout, tied
embeddings; AdamW as PyTorch runs it on a CPU unless told otherwise; 20 batches of each split are evaluated every 250 steps.
"""
import json
import math
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

LAYERS, DIMENSION, HEADS, CONTEXT, BATCH = 4, 128, 4, 64, 12
STEPS, WARMUP, EVALUATE_EVERY, EVALUATE_BATCHES = 2_000, 100, 250, 20


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm = nn.LayerNorm(DIMENSION, bias=False)
        self.qkv = nn.Linear(DIMENSION, 3 * DIMENSION, bias=False)
        self.output = nn.Linear(DIMENSION, DIMENSION, bias=False)
        self.feed_forward_norm = nn.LayerNorm(DIMENSION, bias=False)
        self.inner = nn.Linear(DIMENSION, 4 * DIMENSION, bias=False)
        self.outer = nn.Linear(4 * DIMENSION, DIMENSION, bias=False)

    def forward(self, x):
        rows, time_steps, _ = x.shape
        query, key, value = (
            part.view(rows, time_steps, HEADS, -1).transpose(1, 2)
            for part in self.qkv(self.attention_norm(x)).split(DIMENSION, dim=2))
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.output(attended.transpose(1, 2).reshape(rows, time_steps, DIMENSION))
        return x + self.outer(F.gelu(self.inner(self.feed_forward_norm(x))))


class Gpt(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, DIMENSION)
        self.positions = nn.Embedding(CONTEXT, DIMENSION)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(DIMENSION, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                is_residual = name.endswith(("output.weight", "outer.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * LAYERS) if is_residual else 0.02)

    def forward(self, tokens, targets):
        x = self.tokens(tokens) + self.positions.weight
        for block in self.blocks:
            x = block(x)
        return F.cross_entropy(F.linear(self.norm(x), self.tokens.weight).flatten(0, 1), targets.flatten())


def main():
    options = json.loads(sys.argv[1])
    start = time.perf_counter()
    if "threads" in options:
        torch.set_num_threads(options["threads"])
    torch.manual_seed(1337)
    with open(options["file"], encoding="utf-8") as file:
        text = file.read()
    alphabet = {character: at for at, character in enumerate(sorted(set(text)))}
    ids = np.array([alphabet[character] for character in text], dtype=np.uint16)
    boundary = int(0.9 * len(ids))
    splits = {"train": ids[:boundary], "validation": ids[boundary:]}

    model = Gpt(len(alphabet))
    optimizer = torch.optim.AdamW([
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0},
    ], lr=1e-3, betas=(0.9, 0.99))

    def batch(split):
        starts = torch.randint(len(splits[split]) - CONTEXT, (BATCH,))
        rows = [torch.from_numpy(splits[split][at:at + CONTEXT + 1].astype(np.int64)) for at in starts]
        return torch.stack([row[:-1] for row in rows]), torch.stack([row[1:] for row in rows])

    @torch.no_grad()
    def evaluate(split):
        return sum(model(*batch(split)).item() for _ in range(EVALUATE_BATCHES)) / EVALUATE_BATCHES

    def learning_rate(step):
        if step < WARMUP:
            return 1e-3 * (step + 1) / (WARMUP + 1)
        return 1e-4 + 0.5 * 9e-4 * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP)))

    losses = {}
    tokens, targets = batch("train")
    for step in range(STEPS + 1):
        if step % EVALUATE_EVERY == 0:
            losses = {split: evaluate(split) for split in splits}
        if step == STEPS:
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        loss = model(tokens, targets)
        tokens, targets = batch("train")
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()
    seconds = time.perf_counter() - start
    print(json.dumps({
        "seconds": round(seconds, 1), "validationLoss": round(losses["validation"], 4),
        "tokensPerSecond": round(STEPS * BATCH * CONTEXT / seconds), "version": torch.__version__,
    }))


main()
