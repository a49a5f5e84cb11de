import { scanRun } from "./network.ts";

/**
 * Commands like those of training: the split that networks pass.
 *
 *     npx decade think data scan:folder=../shared/data/scan,split=simple --output runs/data/scan-random.jsonl
 *     npx decade train examples/scan/random.config.ts
 *     npx decade audit generalization scan runs/scan-random
 */
export default scanRun("random");
