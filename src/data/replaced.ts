/** What another of the same name replaces, a run or shards: it stays until the new one has something to show. */
import { access, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";

const FOLDER = "replaced";
/** What it is called while entries are on their way into it, or out of it again. */
const MOVING = "replaced.part";

/** Moves entries of a folder into one beside them. A kill at any instant leaves what `recoverReplaced` puts right. */
export async function setAside(parent: string, entries: readonly string[]): Promise<void> {
  const moving = join(parent, MOVING);
  await mkdir(moving, { recursive: true });
  for (const entry of entries) if (await exists(entry)) await rename(entry, join(moving, basename(entry)));
  await rename(moving, join(parent, FOLDER));
}

/** Deletes what was set aside, if anything was. */
export async function dropReplaced(parent: string): Promise<void> {
  await rm(join(parent, FOLDER), { recursive: true, force: true });
}

/** Puts what was set aside back, in place of what has come there since. @returns whether there was anything */
export async function giveBackReplaced(parent: string): Promise<boolean> {
  const [folder, moving] = [join(parent, FOLDER), join(parent, MOVING)];
  if (await exists(folder)) await rename(folder, moving);
  if (!(await exists(moving))) return false;
  for (const name of await readdir(moving)) {
    await rm(join(parent, name), { recursive: true, force: true });
    await rename(join(moving, name), join(parent, name));
  }
  await rm(moving, { recursive: true });
  return true;
}

/** After a kill: what was set aside is dropped where the new one has begun, else given back. */
export async function recoverReplaced(parent: string, hasBegun: () => Promise<boolean>): Promise<void> {
  if (!(await exists(join(parent, MOVING))) && await exists(join(parent, FOLDER)) && await hasBegun()) return dropReplaced(parent);
  await giveBackReplaced(parent);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
