import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Assembler, Assemblies } from '../../../../src/grpc/native/assemblies.js';
import { AssemblyShare } from '../../../../src/grpc/native/assembly-share.js';
import { ManualClock } from '../../../support/manual-clock.js';

const OVERLOADED = expect.objectContaining({ code: 'overloaded', retryAfterMs: 1000 });

/** A call of a connection's, which says so when it is given up. */
class FakeAssembler implements Assembler {
  readonly #share: AssemblyShare;
  held = 0;
  readonly reasons: string[] = [];

  constructor(share: AssemblyShare) {
    this.#share = share;
  }

  grow(bytes: number): void {
    this.#share.grow(this, bytes);
    this.held += bytes;
  }

  finish(): void {
    this.#share.finish(this);
    this.held = 0;
  }

  onOverdue({ code }: { readonly code: string }): void {
    this.reasons.push(code);
    this.finish();
  }
}

function setUp(budgetBytes = 1000) {
  const assemblies = new Assemblies(budgetBytes, 2000, new ManualClock());
  const share = () => new AssemblyShare(assemblies);
  return { assemblies, share, call: (of = share()) => new FakeAssembler(of) };
}

describe('AssemblyShare', () => {
  it('is all there is for a connection alone, over its calls, and no more', () => {
    const { assemblies, share, call } = setUp();
    const alone = share();
    const [one, other] = [call(alone), call(alone)];
    one.grow(600);
    other.grow(400);
    expect(() => one.grow(1)).toThrow(OVERLOADED);
    expect([assemblies.freeBytes, alone.heldBytes, alone.oldest]).toEqual([0, 1000, one]);
    one.finish();
    one.finish();
    expect([assemblies.freeBytes, alone.heldBytes, alone.oldest]).toEqual([600, 400, other]);
    other.grow(600);
    other.finish();
    expect([assemblies.freeBytes, alone.heldBytes, alone.oldest]).toEqual([1000, 0, undefined]);
  });

  it('is taken from the connection that holds the most, its oldest message first, and from nobody else', () => {
    const { share, call } = setUp();
    const [greedy, modest] = [share(), share()];
    const held = [call(greedy), call(greedy), call(greedy)];
    const other = call(modest);
    other.grow(250);
    for (const assembler of held) assembler.grow(250);
    const late = call();
    late.grow(300);
    expect([...held, other].map(({ reasons }) => reasons)).toEqual([['overloaded'], ['overloaded'], [], []]);
    // The largest is the one that asks.
    expect(() => late.grow(300)).toThrow(OVERLOADED);
    expect([late.held, greedy.heldBytes, modest.heldBytes]).toEqual([300, 250, 250]);
  });

  it('is not made by ending any number of calls at once', () => {
    const { share, call } = setUp();
    const greedy = share();
    const held = Array.from({ length: 1000 }, () => call(greedy));
    for (const assembler of held) assembler.grow(1);
    const late = call();
    expect(() => late.grow(100)).toThrow(OVERLOADED);
    expect(held.filter(({ reasons }) => reasons.length > 0).length).toBeLessThan(100);
    late.grow(50);
  });

  it('is at least an nth part for each of n connections, whatever the others did before', () => {
    const growth = fc.record({ connection: fc.nat({ max: 3 }), bytes: fc.integer({ min: 1, max: 400_000 }) });
    fc.assert(
      fc.property(fc.array(growth, { maxLength: 60 }), (growths) => {
        const { assemblies, share, call } = setUp(1_000_000);
        const connections = Array.from({ length: 4 }, share);
        const calls: FakeAssembler[] = [];
        for (const { connection, bytes } of growths) {
          const one = call(connections[connection]);
          calls.push(one);
          try {
            one.grow(bytes);
          } catch (error) {
            expect(error).toEqual(OVERLOADED);
          }
          expect(assemblies.freeBytes).toBeGreaterThanOrEqual(0);
          expect(calls.reduce((sum, { held }) => sum + held, assemblies.freeBytes)).toBe(1_000_000);
        }
        call().grow(200_000);
        for (const one of calls) one.finish();
        expect(assemblies.freeBytes).toBe(800_000);
      }),
    );
  });
});
