import { describe, expect, it } from '@jest/globals';
import { AnswerOrder } from '../../../src/batching/answer-order.js';
import { Entry } from '../../../src/batching/entry.js';
import { callContext } from '../../support/call-context.js';

class Rig {
  readonly order = new AnswerOrder();
  readonly out: string[] = [];

  enter(): Entry {
    const entry = new Entry({ inputs: [], rows: 1, key: '' }, callContext(), 0);
    this.order.enter(entry);
    return entry;
  }

  answer(entry: Entry, text: string): void {
    this.order.answer(entry, () => this.out.push(text));
  }
}

describe('AnswerOrder', () => {
  it('holds an early answer until all before it are out', () => {
    const rig = new Rig();
    const [a, b, c] = [rig.enter(), rig.enter(), rig.enter()];
    rig.answer(c, 'c');
    rig.answer(b, 'b');
    expect(rig.out).toEqual([]);
    rig.answer(a, 'a');
    expect(rig.out).toEqual(['a', 'b', 'c']);
  });

  it('waits for nobody who has left', () => {
    const rig = new Rig();
    const [a, b, c] = [rig.enter(), rig.enter(), rig.enter()];
    rig.answer(c, 'c');
    rig.order.leave(b);
    rig.order.leave(a);
    rig.order.leave(a);
    expect(rig.out).toEqual(['c']);
  });

  it('gives one answer, the first, and none to who has left', () => {
    const rig = new Rig();
    const [a, b, c] = [rig.enter(), rig.enter(), rig.enter()];
    rig.answer(b, 'b');
    rig.answer(b, 'b again');
    rig.order.leave(c);
    rig.answer(c, 'c');
    rig.answer(a, 'a');
    rig.answer(a, 'a again');
    expect(rig.out).toEqual(['a', 'b']);
  });
});
