import { describe, expect, it } from '@jest/globals';
import { Turns } from '../../../../src/grpc/native/turns.js';
import { turns as eventLoop } from '../../../support/event-loop.js';

describe('Turns', () => {
  it('lets four work at a time, and the others in the order in which they came', async () => {
    const turns = new Turns();
    const begun: number[] = [];
    for (let one = 0; one < 7; one += 1) void turns.take().then(() => begun.push(one));
    await eventLoop();
    expect(begun).toEqual([0, 1, 2, 3]);
    turns.pass();
    await eventLoop();
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    turns.pass();
    turns.pass();
    await eventLoop();
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('keeps the turns that nobody waits for', async () => {
    const turns = new Turns();
    await turns.take();
    turns.pass();
    const begun: number[] = [];
    for (let one = 0; one < 5; one += 1) void turns.take().then(() => begun.push(one));
    await eventLoop();
    expect(begun).toEqual([0, 1, 2, 3]);
  });
});
