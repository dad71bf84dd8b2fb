import { describe, expect, it } from '@jest/globals';
import { LoadSet, type LoadSetMember } from '../../../src/registry/load-set.js';

class Rig {
  readonly set = new LoadSet();
  readonly told: string[] = [];

  member(name: string): LoadSetMember {
    const member = { serve: () => void this.told.push(`${name} serves`), giveUp: () => void this.told.push(`${name} is given up`) };
    this.set.add(member);
    return member;
  }
}

describe('LoadSet', () => {
  it('lets all serve once the last has loaded', () => {
    const { set, told, member } = bound(new Rig());
    const [a, b] = [member('a'), member('b')];
    set.loaded(b);
    expect(told).toEqual([]);
    set.loaded(a);
    expect(told).toEqual(['b serves', 'a serves']);
  });

  it('gives up all that have loaded where one fails, whichever is the last', () => {
    for (const order of ['abc', 'bac', 'bca']) {
      const { set, told, member } = bound(new Rig());
      const members = { a: member('a'), b: member('b'), c: member('c') };
      for (const name of order) {
        if (name === 'a') set.failed(members.a);
        else set.loaded(name === 'b' ? members.b : members.c);
      }
      expect(told).toEqual(['b is given up', 'c is given up']);
    }
  });

  it('goes on without one that has left, loaded or not', () => {
    const { set, told, member } = bound(new Rig());
    const [a, b, c] = [member('a'), member('b'), member('c')];
    set.loaded(a);
    set.left(a);
    set.loaded(b);
    set.left(c);
    expect(told).toEqual(['b serves']);
  });

  it('decides once', () => {
    const { set, told, member } = bound(new Rig());
    const a = member('a');
    set.loaded(a);
    set.left(a);
    set.failed(a);
    expect(told).toEqual(['a serves']);
  });
});

function bound(rig: Rig) {
  return { set: rig.set, told: rig.told, member: (name: string) => rig.member(name) };
}
