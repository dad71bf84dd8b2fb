import { describe, expect, it } from '@jest/globals';
import { type Assembler, Assemblies } from '../../../../src/grpc/native/assemblies.js';
import { ManualClock } from '../../../support/manual-clock.js';

function setUp() {
  const clock = new ManualClock();
  const assemblies = new Assemblies(1000, 2000, clock);
  const overdue: string[] = [];
  const assembler = (name: string): Assembler => {
    const it: Assembler = {
      onOverdue: (reason) => {
        overdue.push(`${name}: ${reason.code}, ${reason.message}`);
        assemblies.finish(it);
      },
    };
    return it;
  };
  return { clock, assemblies, overdue, assembler };
}

describe('Assemblies', () => {
  it('count what is held and what is given back', () => {
    const { assemblies, assembler } = setUp();
    const [one, other] = [assembler('one'), assembler('other')];
    assemblies.grow(one, 300);
    assemblies.grow(other, 100);
    assemblies.grow(one, 500);
    expect(assemblies.freeBytes).toBe(100);
    assemblies.finish(one);
    assemblies.finish(one);
    expect(assemblies.freeBytes).toBe(900);
  });

  it('refuse what is over the budget, with a hint when to come again', () => {
    const { assemblies, assembler } = setUp();
    assemblies.grow(assembler('one'), 1000);
    expect(() => assemblies.grow(assembler('other'), 1)).toThrow(expect.objectContaining({ code: 'overloaded', retryAfterMs: 1000 }));
    expect(assemblies.freeBytes).toBe(0);
  });

  it('end what takes too long, counted from its beginning, and nothing else', () => {
    const { clock, assemblies, overdue, assembler } = setUp();
    const early = assembler('early');
    assemblies.grow(early, 1);
    assemblies.grow(assembler('done'), 1);
    clock.advance(1000);
    assemblies.grow(assembler('late'), 1);
    assemblies.grow(early, 1);
    clock.advance(999);
    assemblies.expire();
    expect(overdue).toEqual([]);
    clock.advance(1);
    assemblies.expire();
    const text = 'deadline_exceeded, a request message did not arrive completely within 2 s';
    expect(overdue).toEqual([`early: ${text}`, `done: ${text}`]);
    expect(assemblies.freeBytes).toBe(999);
  });
});
