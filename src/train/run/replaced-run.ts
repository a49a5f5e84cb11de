/** The run that another of the same name replaces: it stays until the new one has something to show. */
import { access, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";

const FOLDER = "replaced";
/** What it is called while entries are on their way into it, or out of it again. */
const MOVING = "replaced.part";

/** Moves a run's entries into a folder beside them. A kill at any instant leaves what `recoverReplaced` puts right. */
export async function setAside(run: string, entries: readonly string[]): Promise<void> {
  const moving = join(run, MOVING);
  await mkdir(moving, { recursive: true });
  for (const entry of entries) if (await exists(entry)) await rename(entry, join(moving, basename(entry)));
  await rename(moving, join(run, FOLDER));
}

/** Deletes the run that was set aside, if one was. */
export async function dropReplaced(run: string): Promise<void> {
  await rm(join(run, FOLDER), { recursive: true, force: true });
}

/** Puts the run that was set aside back, in place of what has come there since. @returns whether there was one */
export async function giveBackReplaced(run: string): Promise<boolean> {
  const [folder, moving] = [join(run, FOLDER), join(run, MOVING)];
  if (await exists(folder)) await rename(folder, moving);
  if (!(await exists(moving))) return false;
  for (const name of await readdir(moving)) {
    await rm(join(run, name), { recursive: true, force: true });
    await rename(join(moving, name), join(run, name));
  }
  await rm(moving, { recursive: true });
  return true;
}

/** After a kill: a run that was set aside is dropped where the new one has begun, else given back. */
export async function recoverReplaced(run: string, hasBegun: () => Promise<boolean>): Promise<void> {
  if (!(await exists(join(run, MOVING))) && await exists(join(run, FOLDER)) && await hasBegun()) return dropReplaced(run);
  await giveBackReplaced(run);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
