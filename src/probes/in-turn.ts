/**
 * One conversation at a time between the same two ends: from a port of the check's own, two sockets would be told apart by nothing,
 * and the answer to one would come to the other.
 */

/** By the two ends: until the last that was begun is over. */
const busy = new Map<string, Promise<unknown>>();

/** Never rejects unless `talk` does. */
export async function inTurn<Result>(ends: string, talk: () => Promise<Result>): Promise<Result> {
  const before = busy.get(ends);
  const mine = before === undefined ? talk() : before.then(talk);
  const over = mine.catch(() => undefined);
  busy.set(ends, over);
  try {
    return await mine;
  } finally {
    if (busy.get(ends) === over) busy.delete(ends);
  }
}
