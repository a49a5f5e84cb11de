"""Times a training step in PyTorch: loss, gradients, clipping, AdamW. float32 on the CPU. One thread: in processor time."""
import json
import resource
import statistics
import time

import torch
from torch.nn import functional as F


def measure(model, inputs, labels, tokens, size, weight_decay=0.01):
    """`model(*inputs)` gives logits [..., vocabulary] for `labels`; `tokens` is what a step is counted as."""
    if "threads" in size:
        torch.set_num_threads(size["threads"])
    # The fused update is PyTorch's fastest on a CPU.
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=weight_decay, fused=True)

    def loss_of(*given):
        return F.cross_entropy(model(*given).flatten(0, -2), labels.flatten())

    compute = torch.compile(loss_of) if size.get("compiled") else loss_of

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = compute(*inputs)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    for _ in range(2):
        step()
    clock = time.process_time if size.get("threads") == 1 else time.perf_counter
    times = []
    for _ in range(8):
        start = clock()
        step()
        times.append(clock() - start)
    print(json.dumps({
        "tokensPerSecond": round(tokens / statistics.median(times)),
        "peakMemoryMiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
    }))
