/** `decade launch`: with the real mpirun where one is installed, else with programs that end as jobs do. */
import { readFile, readdir, chmod } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installedMpiruns } from "../parallel/fixtures/mpirun.ts";
import { NoTransportError } from "../parallel/transport.ts";
import { describeError } from "./errors.ts";
import { lastLine, Workplace } from "./fixtures/command-line.ts";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
  await place.write("two.json", JSON.stringify({ ...place.toyConfig(), training: { ...place.toyConfig().training, accumulate: 2, batch: { sentences: 8 } } }));
});
afterAll(() => place.remove());

/** A program in mpirun's place: writes down its arguments and ends as the line of that number says. */
async function stub(name: string, ...ends: string[]): Promise<string> {
  const file = await place.write(name, `#!/bin/sh
if [ "$1" = --version ]; then echo stub; exit 0; fi
echo "$*" >> ${place.path(name)}.calls
case $(wc -l < ${place.path(name)}.calls) in
${ends.map((end, at) => `${at + 1}) ${end};;`).join("\n")}
esac
`);
  await chmod(file, 0o755);
  return file;
}

const calls = async (file: string): Promise<string[]> => (await readFile(`${file}.calls`, "utf8")).trimEnd().split("\n");
const launch = (...args: string[]): readonly string[] => ["launch", place.path("two.json"), "--processes", "2", ...args];
const lost = "echo 'decade: Rank 1 (process 5 on here) is gone: it was killed, or ended before its work was done. The job ends; go on from the newest checkpoint with --resume.' >&2; exit 9";

describe("restarts", () => {
  it("go on from the newest checkpoint, and say who was lost", async () => {
    const mpirun = await stub("twice-lost", lost, "exit 137", "echo trained");
    const { code, out, err } = await place.decade(...launch("--mpirun", mpirun, "--max-restarts", "3", "--set", "training.steps=7", "--threads", "1"));
    expect([code, out]).toEqual([0, "trained\n"]);
    expect(err).toContain("decade: Rank 1 was lost; starting again from the newest checkpoint (restart 1 of 3).\n");
    expect(err).toContain("decade: A process (the job's exit code is 137) was lost; starting again from the newest checkpoint (restart 2 of 3).\n");
    const [first, ...others] = await calls(mpirun);
    expect(first).toMatch(/^-n 2 \S*node.* \S+main\.[jt]s train \S+two\.json --set training\.steps=7 --threads 1$/);
    expect(others).toEqual([1, 2].map(() => first?.replace("--set", "--resume --set")));
  });

  it("end when there are no more of them", async () => {
    const { code, err } = await place.decade(...launch("--mpirun", await stub("always-lost", lost, lost, lost), "--max-restarts", "1"));
    expect(code).toBe(75);
    expect(err).toContain("decade: Rank 1 was lost, after 1 restart; the training is not at its end.\n");
  });

  it("are not for a library that is missing", () => {
    expect(describeError(new NoTransportError("No MPI library was found."))).toEqual({ code: 1, text: "No MPI library was found." });
  });

  it.each([
    ["wrong usage", "echo 'decade: No.' >&2; exit 2", 2], ["a training that diverged", "echo 'decade: The loss is NaN at step 3.' >&2; exit 1", 1],
  ])("are not for %s", async (_, end, expected) => {
    const mpirun = await stub(`fails-${expected}`, end, "exit 0");
    const { code } = await place.decade(...launch("--mpirun", mpirun, "--max-restarts", "3"));
    expect(code).toBe(expected);
    expect(await calls(mpirun)).toHaveLength(1);
  });

  it("keep --overwrite until the old run was replaced", async () => {
    const mpirun = await stub("overwrites", lost, `${lost.replace("exit 9", "")} mkdir -p ${place.run("new")} && echo {} > ${place.run("new")}/config.json; exit 9`, "exit 0");
    expect((await place.decade(...launch("--mpirun", mpirun, "--max-restarts", "3", "--name", "new", "--overwrite"))).code).toBe(0);
    expect((await calls(mpirun)).map((call) => /--(resume|overwrite)/.exec(call)?.[0])).toEqual(["--overwrite", "--overwrite", "--resume"]);
  });
});

describe("what cannot be started", () => {
  it.each([
    [["--mpirun", "/nowhere/mpirun"], "There is no /nowhere/mpirun; install openmpi-bin or mpich, or name another by --mpirun."],
    [["--print"], "--print is for a job that is submitted; give --slurm with it."],
    [["--slurm", "--host-file", "hosts"], "--host-file and --slurm cannot be given together"],
    [["--set", "training.stepz=1"], "training.stepz"],
  ])("%s is told in a sentence", async (args, sentence) => {
    const { code, err } = await place.decade(...launch(...args));
    expect(code).not.toBe(0);
    expect(err).toContain(sentence);
    expect(err).not.toContain("    at ");
  });
});

describe("--slurm --print", () => {
  it("prints a script that launches within the job, and goes on when it is started again", async () => {
    const { code, out } = await place.decade(...launch("--slurm", "--print", "--mpirun", "srun", "--nodes", "2", "--time", "1:00:00", "--sbatch=--account=physics", "--max-restarts", "2", "--overwrite", "--name", "big"));
    expect(code).toBe(0);
    expect(out).toContain("#SBATCH --job-name=big\n#SBATCH --ntasks=2\n#SBATCH --cpus-per-task=1\n#SBATCH --nodes=2\n#SBATCH --time=1:00:00\n");
    expect(out).toContain("#SBATCH --account=physics\n");
    expect(out).toContain("then set -- --resume; else set -- --overwrite; fi\n");
    expect(out).toMatch(/\nexec \S+ .*\S+main\.[jt]s launch \S+two\.json --processes 2 --mpirun srun --max-restarts 2 --name big --threads 1 "\$@"\n$/);
  });
});

describe.each(installedMpiruns())("under $name", ({ command, name }) => {
  const run = name.replaceAll(" ", "");
  const weights = async (directory: string): Promise<Uint8Array> => readFile(`${place.run(directory)}/checkpoints/step-40/model.safetensors`);

  it("a training whose rank is killed ends with the weights of one that was left alone", async () => {
    const { child, ended } = place.start(...launch("--mpirun", command, "--name", `${run}-alone`));
    expect((await ended).code, String(child.pid)).toBe(0);
    const killed = place.start(...launch("--mpirun", command, "--name", `${run}-killed`, "--max-restarts", "2", "--json"));
    await place.untilLogged(`${run}-killed`, 22);
    process.kill(await pidOfRank(1, `${run}-killed`), "SIGKILL");
    const { code, out, err } = await killed.ended;
    expect(code, err).toBe(0);
    expect(err).toMatch(/decade: Rank 1 \(process \d+ on .*\) is gone/);
    expect(err).toContain("decade: Rank 1 was lost; starting again from the newest checkpoint (restart 1 of 2).");
    expect(lastLine(out)).toMatchObject({ reason: "finished", step: 40 });
    expect(await weights(`${run}-killed`)).toEqual(await weights(`${run}-alone`));
  });

  it("Ctrl-C saves on all ranks, and does not start again", async () => {
    const { child, ended } = place.start(...launch("--mpirun", command, "--name", `${run}-stopped`, "--set", "training.steps=100000", "--max-restarts", "2", "--json"));
    await place.untilLogged(`${run}-stopped`, 12);
    child.kill("SIGINT");
    const { code, out, err } = await ended;
    expect(code, err).toBe(130);
    const { step } = JSON.parse(out.split("\n").find((line) => line.startsWith("{")) ?? "") as { step: number };
    expect(await readdir(`${place.run(`${run}-stopped`)}/checkpoints`)).toContain(`step-${step}`);
    expect(err).not.toContain("starting again");
  });
});

/** The process of a rank of the job whose command line has a word. */
async function pidOfRank(rank: number, word: string): Promise<number> {
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (!command.includes("train") || !command.includes(word) || !/^node|\/node$/.test(command[0] ?? "")) continue;
      const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      if (["OMPI_COMM_WORLD_RANK", "PMI_RANK"].some((name) => variables.includes(`${name}=${rank}`))) return Number(pid);
    } catch {
      // it has ended meanwhile
    }
  }
  throw new Error(`No process is rank ${rank} of ${word}.`);
}
