import { describe, expect, it } from '@jest/globals';
import { COMMAND, RingControl, STAGE } from '../../../../src/backend/onnx/ring-control.js';

/** The two sides over one memory, on one thread: nobody waits where a command is there. */
function bothSides(depth = 2): { main: RingControl; worker: RingControl } {
  const memory = RingControl.allocate(depth);
  return { main: new RingControl(memory), worker: new RingControl(memory) };
}

describe('RingControl', () => {
  it('shows the worker each command at its turn, without a wait for those that are there', () => {
    const { main, worker } = bothSides();
    main.issue(1, 0, COMMAND.grown);
    main.issue(2, 1, COMMAND.posted);
    worker.awaitTurn(1);
    expect(worker.command(0)).toBe(COMMAND.grown);
    worker.awaitTurn(2);
    expect(worker.command(1)).toBe(COMMAND.posted);
  });

  it.each([2 ** 31, 2 ** 32, 2 ** 33 + 1])('goes on behind turn %d, which is more than a word holds', (turn) => {
    const { main, worker } = bothSides();
    main.issue(turn, 0, COMMAND.close);
    worker.awaitTurn(turn);
    expect(worker.command(0)).toBe(COMMAND.close);
  });

  it('lets either the worker begin a run or the main thread cancel it', () => {
    const { main, worker } = bothSides();
    main.issue(1, 0, COMMAND.framed);
    main.issue(2, 1, COMMAND.framed);
    expect(worker.begin(0)).toBe(true);
    expect(main.cancel(0)).toBe(false);
    expect(main.cancel(1)).toBe(true);
    expect(worker.begin(1)).toBe(false);
    expect([main.stage(0), main.stage(1)]).toEqual([STAGE.begun, STAGE.cancelled]);
  });

  it('queues the next run in a slot whose last one ended', () => {
    const { main, worker } = bothSides(1);
    main.issue(1, 0, COMMAND.framed);
    worker.begin(0);
    worker.end(0, STAGE.ran);
    expect(main.stage(0)).toBe(STAGE.ran);
    main.issue(2, 0, COMMAND.framed);
    expect(main.stage(0)).toBe(STAGE.queued);
  });

  it('wakes the main thread when a run ends, and has it not wait for one that ended before it looked', async () => {
    const { main, worker } = bothSides();
    const next = main.nextEnd(main.ended);
    worker.end(0, STAGE.ran);
    await next;
    expect(main.ended).toBe(1);
    worker.end(1, STAGE.skipped);
    expect(main.nextEnd(1)).toBeUndefined();
    expect(main.stage(1)).toBe(STAGE.skipped);
  });

  it('says nothing of a run that is answered by message', () => {
    const { main, worker } = bothSides();
    worker.answer(0);
    expect([main.stage(0), main.ended]).toEqual([STAGE.answered, 0]);
  });

  it('ends the wait of the main thread where no worker does', async () => {
    const { main } = bothSides();
    const next = main.nextEnd(0);
    expect(next).toBeInstanceOf(Promise);
    main.release();
    await next;
    expect(main.ended).toBe(0);
  });
});
