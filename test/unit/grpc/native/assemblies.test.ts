import { describe, expect, it } from '@jest/globals';
import { type Assembler, Assemblies } from '../../../../src/grpc/native/assemblies.js';
import { AssemblyShare } from '../../../../src/grpc/native/assembly-share.js';
import { ManualClock } from '../../../support/manual-clock.js';

function setUp() {
  const clock = new ManualClock();
  const assemblies = new Assemblies(1000, 2000, clock);
  const share = new AssemblyShare(assemblies);
  const overdue: string[] = [];
  const assembler = (name: string): Assembler => {
    const it: Assembler = {
      onOverdue: (reason) => {
        overdue.push(`${name}: ${reason.code}, ${reason.message}`);
        share.finish(it);
      },
    };
    return it;
  };
  return { clock, assemblies, share, overdue, assembler };
}

describe('Assemblies', () => {
  it('count what is held and what is given back', () => {
    const { assemblies, share, assembler } = setUp();
    const [one, other] = [assembler('one'), assembler('other')];
    share.grow(one, 300);
    share.grow(other, 100);
    share.grow(one, 500);
    expect(assemblies.freeBytes).toBe(100);
    share.finish(one);
    share.finish(one);
    expect(assemblies.freeBytes).toBe(900);
  });

  it('refuse what is over the budget, with a hint when to come again', () => {
    const { assemblies, share, assembler } = setUp();
    share.grow(assembler('one'), 1000);
    expect(() => share.grow(assembler('other'), 1)).toThrow(expect.objectContaining({ code: 'overloaded', retryAfterMs: 1000 }));
    expect(assemblies.freeBytes).toBe(0);
  });

  it('end what takes too long, counted from its beginning, and nothing else', () => {
    const { clock, assemblies, share, overdue, assembler } = setUp();
    const early = assembler('early');
    share.grow(early, 1);
    share.grow(assembler('done'), 1);
    clock.advance(1000);
    share.grow(assembler('late'), 1);
    share.grow(early, 1);
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
