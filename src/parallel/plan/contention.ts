import type { Timeline } from "../timeline.ts";

/**
 * How much longer each device's computation takes because others compute meanwhile: 1 + contention times the part of the
 * others that is at work while it is, on average.
 * @param copies devices of a replica that are exactly like each of the timeline's
 * @param contention of devices that are all at work
 */
export function slowdowns({ devices }: Timeline, copies: readonly number[], replicas: number, contention: number): number[] {
  const others = replicas * copies.reduce((sum, count) => sum + count, 0) - 1;
  if (others === 0 || contention === 0) return devices.map(() => 1);
  const workBefore = workByTime(devices.flatMap((actions, device) => actions.map(({ start, end }) => ({ start, end, count: replicas * (copies[device] ?? 1) }))));
  return devices.map((actions) => {
    const own = actions.reduce((sum, { start, end }) => sum + end - start, 0);
    const all = actions.reduce((sum, { start, end }) => sum + (workBefore.get(end) ?? 0) - (workBefore.get(start) ?? 0), 0);
    return own === 0 ? 1 : 1 + contention * (all - own) / own / others;
  });
}

/** The work that so many devices do from `start` to `end`: what all have done together, at each of these times. */
function workByTime(stretches: readonly { readonly start: number; readonly end: number; readonly count: number }[]): Map<number, number> {
  const changes = stretches.flatMap(({ start, end, count }) => [{ at: start, by: count }, { at: end, by: -count }]).sort((a, b) => a.at - b.at);
  const work = new Map<number, number>();
  let [done, busy, now] = [0, 0, 0];
  for (const { at, by } of changes) {
    done += busy * (at - now);
    now = at;
    busy += by;
    work.set(at, done);
  }
  return work;
}
