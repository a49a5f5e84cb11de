import { scanRun } from "./network.ts";

/**
 * Training shows at most 22 actions, the test 24 to 48.
 *
 *     npx decade think data scan:folder=../shared/data/scan,split=length --output runs/data/scan-length.jsonl
 *     npx decade train examples/scan/length.config.ts
 *     npx decade audit generalization scan runs/scan-length
 */
export default scanRun("length");
