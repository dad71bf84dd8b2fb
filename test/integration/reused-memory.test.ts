import { describe, expect, it } from '@jest/globals';
import { ModelInferResponse } from '../../src/gen/inference/infer.js';
import { DynamicClient } from '../support/dynamic-client.js';
import { identityModels, MODEL_INFER, oipRequest } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { RunningApp } from '../support/running-app.js';

const CALLERS = 24;
const ROUNDS = 12;
const CONNECTIONS = 3;

/** 20 to 100 KB of numbers that no other request has. */
function valuesOf(caller: number, round: number): number[] {
  const turn = caller * ROUNDS + round;
  return Array.from({ length: 5000 + ((turn * 7919) % 20_000) }, (_, at) => turn + at / 65_536);
}

/** The model, and how long the caller waits for it: every other call of the slow one is given up by its client or ends at its deadline. */
function aimOf(caller: number, round: number): { readonly model: string; readonly timeoutMs?: number } {
  if (round % 3 === 0) return { model: 'fast' };
  return (caller + round) % 2 === 0 ? { model: 'slow' } : { model: 'slow', timeoutMs: 1 + (caller % 8) };
}

describe('the memory of large requests, which is used again', () => {
  it('is never used while somebody may still read it, whatever becomes of the calls around it', async () => {
    await using directory = await ModelDirectory.create(identityModels({ fast: {}, slow: { delayMs: 5, maxBatchSize: 4 } }));
    await using app = await RunningApp.start({ modelRepository: [directory.path] });
    const clients = Array.from({ length: CONNECTIONS }, () => new DynamicClient(app.address));
    const counts = { right: 0, wrong: 0, ended: 0 };
    const ask = async (caller: number, round: number): Promise<void> => {
      const { model, ...options } = aimOf(caller, round);
      const values = valuesOf(caller, round);
      const shape = model === 'slow' ? [1, values.length] : [values.length];
      const answer = await clients[caller % CONNECTIONS]
        ?.raw(MODEL_INFER.slice(1), oipRequest(model, values, shape), options)
        .catch(undefinedIfEnded);
      if (answer === undefined) counts.ended += 1;
      else if (isOf(answer, values)) counts.right += 1;
      else counts.wrong += 1;
    };
    await Promise.all(
      Array.from({ length: CALLERS }, async (_, caller) => {
        for (let round = 0; round < ROUNDS; round++) await ask(caller, round);
      }),
    );
    for (const client of clients) await client[Symbol.asyncDispose]();
    expect([counts.wrong, counts.right + counts.ended]).toEqual([0, CALLERS * ROUNDS]);
    expect(counts.right).toBeGreaterThanOrEqual(CALLERS * (ROUNDS / 3));
  });
});

function undefinedIfEnded(error: unknown): undefined {
  const DEADLINE_EXCEEDED = 4;
  if (!(error instanceof Error && 'code' in error && error.code === DEADLINE_EXCEEDED)) throw error;
}

function isOf(answer: Buffer, values: readonly number[]): boolean {
  const [bytes] = ModelInferResponse.decode(answer).rawOutputContents;
  return bytes !== undefined && Buffer.compare(bytes, Buffer.from(Float32Array.from(values).buffer)) === 0;
}
