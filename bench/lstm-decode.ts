import { onnx } from "../src/engines/onnx/engine.ts";
import { beamSearch } from "../src/decode/beam-search.ts";
import { SequenceDecoder } from "../src/decode/decoder.ts";
import { buildModel } from "../src/train/run/open-run.ts";
import { END_ID } from "../src/text/special-tokens.ts";
import { modelConfig } from "./lstm-train.ts";
import { runPeer } from "./peer.ts";
import { median, peakMemoryMiB, timeCalls } from "./timing.ts";

const SIZE = { layers: 4, hidden: 512, batch: 32, time: 30, vocabulary: 10_000, beam: 5 };

/** Beam search of width 5 over 30 tokens: no hypothesis may end early, so that everyone does the same work. */
export async function lstmDecode() {
  const { batch, time, vocabulary, beam } = SIZE;
  const model = buildModel(modelConfig(SIZE), vocabulary, vocabulary);
  const parameters = new Map(model.parameters().map((parameter) => [parameter.name, parameter.initialize()]));
  const decoder = await SequenceDecoder.create([{ model, parameters }], onnx());
  const source = { data: Int32Array.from({ length: batch * time }, (_, i) => 4 + ((i * 7919) % (vocabulary - 4))), shape: [batch, time] };
  const lengths = { data: new Int32Array(batch).fill(time), shape: [batch] };
  const search = () => beamSearch(decoder, source, lengths, {
    beam, maximumLength: { factor: 0, constant: time }, banned: [END_ID],
  });
  const seconds = median(await timeCalls(search, 5, 1)) / 1000;
  return {
    sentencesPerSecond: round1(batch / seconds),
    tokensPerSecond: Math.round((batch * time) / seconds),
    peakMemoryMiB: peakMemoryMiB(),
    peers: await runPeer("lstm_decode.py", SIZE),
  };
}

function round1(value: number): number {
  return Math.round(10 * value) / 10;
}
