import { setTimeout as pause } from 'node:timers/promises';
import type { Commands, ContenderName } from './contenders.js';
import { startContender } from './contenders.js';
import { holdingConnections, type Load, type LoadProgram, measure } from './load-program.js';
import type { Rounds } from './paired-rounds.js';

/** Until a server has found its size again after a load, or after many connections at once. */
const SETTLE_MS = 500;
const WARM_UP_SECONDS = 0.5;

/** By how many bytes the resident memory of a fresh, warm server grows with idle connections. */
export async function idleMemory(
  commands: Commands,
  isTls: boolean,
  program: LoadProgram,
  load: Load,
  rounds: number,
): Promise<Rounds<number>> {
  const growths = new Map<ContenderName, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(commands) as [ContenderName, readonly string[]][]) {
      const known = growths.get(name) ?? [];
      growths.set(name, [...known, await growthOf(name, command, isTls, program, load)]);
    }
  }
  return growths;
}

async function growthOf(
  name: ContenderName,
  command: readonly string[],
  isTls: boolean,
  program: LoadProgram,
  load: Load,
): Promise<number> {
  await using contender = await startContender(name, command, isTls);
  const { server } = contender;
  await measure(program, server, { ...load, callers: 8, connections: 8 }, WARM_UP_SECONDS);
  await pause(SETTLE_MS);
  const before = server.residentBytes();
  return await holdingConnections(program, server, load, async () => {
    await pause(SETTLE_MS);
    return server.residentBytes() - before;
  });
}
