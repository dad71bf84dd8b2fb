import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import type { CallContext } from '../../../src/model/call-context.js';
import { CancelSource } from '../../../src/model/cancel-signal.js';
import { NEWEST } from '../../../src/model/id.js';
import type { StreamOptions, StreamPiece } from '../../../src/model/infer.js';
import { piecesUnderWay, rowsPerPiece, streamRows } from '../../../src/serving/stream.js';
import { callContext } from '../../support/call-context.js';
import { CountedCancelSource } from '../../support/counted-cancel-source.js';
import { turns } from '../../support/event-loop.js';
import { identity } from '../../support/fake-slot-source.js';
import { int32Rows, readInt32 } from '../../support/row-tensors.js';
import { ServableRig } from '../../support/servable-rig.js';

const GONE = new ServingError('cancelled', 'the caller has gone');
const FAILED = new ServingError('backend_failed', 'the run failed');

interface StreamCase extends Partial<StreamOptions>, Partial<CallContext> {
  readonly values: readonly number[];
  readonly outputNames?: readonly string[];
}

function streamOf(rig: ServableRig, { values, outputNames = [], signal, deadline, ...options }: StreamCase): AsyncGenerator<StreamPiece> {
  const inputs = [int32Rows(values)];
  const request = { model: 'm', version: NEWEST, requestId: '', inputs, outputNames, priority: 0 };
  const context = callContext({ ...(signal && { signal }), ...(deadline !== undefined && { deadline }) });
  const streamOptions: StreamOptions = { rowsPerMessage: 1, ordering: 'in_order', onError: 'fail_stream', ...options };
  return streamRows(rig.servable, request, inputs, values.length, streamOptions, context);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

function valuesOf({ outputs }: StreamPiece): number[] {
  return readInt32(outputs[0]);
}

async function collect(pieces: AsyncIterable<StreamPiece>): Promise<StreamPiece[]> {
  const all: StreamPiece[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

function answeringRig(options: ConstructorParameters<typeof ServableRig>[0] = {}): ServableRig {
  return new ServableRig({ execute: (inputs) => Promise.resolve(identity(inputs, 5)), ...options });
}

describe('rowsPerPiece', () => {
  it('is what the client asks for, within what one batch holds', () => {
    expect(rowsPerPiece(4, 32)).toBe(4);
    expect(rowsPerPiece(100, 32)).toBe(32);
  });

  it("is the server's choice where the client leaves it", () => {
    expect(rowsPerPiece(0, 128)).toBe(32);
    expect(rowsPerPiece(0, 8)).toBe(8);
  });
});

describe('piecesUnderWay', () => {
  it('is two batches worth of rows', () => {
    expect(piecesUnderWay(4, 32, 0)).toBe(16);
    expect(piecesUnderWay(3, 8, 0)).toBe(6);
  });

  it('is two at the least and 64 at the most', () => {
    expect(piecesUnderWay(32, 32, 0)).toBe(2);
    expect(piecesUnderWay(1, 1000, 0)).toBe(64);
  });

  it('is more where there are more instances to run them', () => {
    expect(piecesUnderWay(32, 32, 0, 3)).toBe(4);
    expect(piecesUnderWay(4, 32, 0, 3)).toBe(32);
  });

  it("is never more than the model's queue takes, so that a stream does not overflow it by itself", () => {
    expect(piecesUnderWay(1, 32, 3)).toBe(3);
    expect(piecesUnderWay(32, 32, 1)).toBe(1);
  });
});

describe('streamRows', () => {
  it('gives the rows in pieces, in order, each with its place, and says which is the last', async () => {
    await using rig = answeringRig();
    const pieces = await collect(streamOf(rig, { values: upTo(10), rowsPerMessage: 4 }));
    expect(pieces.map(valuesOf)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(pieces.map(({ rowOffset, rowCount, final }) => [rowOffset, rowCount, final])).toEqual([
      [0, 4, false],
      [4, 4, false],
      [8, 2, true],
    ]);
    expect(pieces[0]).toMatchObject({ version: '1', error: undefined, timings: { executeUs: 5 } });
  });

  it('never makes a piece of more rows than one batch holds', async () => {
    await using rig = answeringRig({ maxBatchSize: 2 });
    const pieces = await collect(streamOf(rig, { values: upTo(5), rowsPerMessage: 4 }));
    expect(pieces.map(({ rowCount }) => rowCount)).toEqual([2, 2, 1]);
  });

  it('gives the outputs that were asked for', async () => {
    await using rig = answeringRig({
      execute: ([input]) => Promise.resolve({ outputs: input === undefined ? [] : [input, { ...input, name: 'COPY' }], executeUs: 0 }),
    });
    const [piece] = await collect(streamOf(rig, { values: [7], outputNames: ['COPY'] }));
    expect(piece?.outputs.map(({ name }) => name)).toEqual(['COPY']);
  });

  it('rides the same batches as everybody else', async () => {
    await using rig = new ServableRig();
    await rig.occupy();
    const stream = streamOf(rig, { values: [1, 2] });
    const first = stream.next();
    rig.submit([3]);
    rig.runs.at(0).finish();
    await turns();
    expect(rig.executed).toEqual([[-1], [1, 2, 3]]);
    rig.runs.at(1).finish();
    expect((await first).value).toMatchObject({ rowOffset: 0, timings: { batchSize: 3 } });
    await stream.return(undefined);
  });

  it('keeps the order where a later piece is ready first', async () => {
    await using rig = new ServableRig({ slots: 2, maxBatchSize: 1 });
    const collected = collect(streamOf(rig, { values: [1, 2] }));
    await turns();
    rig.runs.at(1).finish();
    await turns();
    rig.runs.at(0).finish();
    expect((await collected).map(valuesOf)).toEqual([[1], [2]]);
  });

  it('gives pieces as they are ready where that was asked for; the last one given is final', async () => {
    await using rig = new ServableRig({ slots: 2, maxBatchSize: 1 });
    const collected = collect(streamOf(rig, { values: [1, 2], ordering: 'as_ready' }));
    await turns();
    rig.runs.at(1).finish();
    await turns();
    rig.runs.at(0).finish();
    const pieces = await collected;
    expect(pieces.map((piece) => [valuesOf(piece), piece.rowOffset, piece.final])).toEqual([
      [[2], 1, false],
      [[1], 0, true],
    ]);
  });

  it('submits no more than its window while the reader does not read', async () => {
    const rows: number[] = [];
    await using rig = answeringRig({
      maxBatchSize: 4,
      execute: (inputs) => {
        rows.push(...readInt32(inputs[0]));
        return Promise.resolve(identity(inputs));
      },
    });
    const stream = streamOf(rig, { values: upTo(100) });
    await stream.next();
    await turns(20);
    expect(rows).toHaveLength(8);
    for (let read = 0; read < 5; read++) await stream.next();
    await turns(20);
    expect(rows).toHaveLength(13);
    await stream.return(undefined);
  });

  it('does not overflow a bounded queue by itself', async () => {
    await using rig = answeringRig({ maxQueueSize: 2 });
    const pieces = await collect(streamOf(rig, { values: upTo(20) }));
    expect(pieces.map(valuesOf)).toEqual(upTo(20).map((value) => [value]));
  });

  it('does not overflow a bounded priority level by itself', async () => {
    const priorities = { levels: 2, defaultLevel: 2, policies: new Map([[2, { maxQueueSize: 2 }]]) };
    await using rig = answeringRig({ priorities });
    const pieces = await collect(streamOf(rig, { values: upTo(20) }));
    expect(pieces.map(valuesOf)).toEqual(upTo(20).map((value) => [value]));
  });
});

describe('streamRows when a piece fails', () => {
  it('ends with the error where the client wants that, and drops what is under way', async () => {
    await using rig = new ServableRig({ maxBatchSize: 1 });
    const collected = collect(streamOf(rig, { values: upTo(5) }));
    await turns();
    rig.runs.at(0).fail(FAILED);
    await expect(collected).rejects.toBe(FAILED);
    expect(rig.scheduler.waiting).toBe(0);
  });

  it('gives the pieces before the failed one first, in order', async () => {
    await using rig = new ServableRig({ slots: 2, maxBatchSize: 1 });
    const stream = streamOf(rig, { values: [1, 2] });
    const first = stream.next();
    await turns();
    rig.runs.at(1).fail(FAILED);
    await turns();
    rig.runs.at(0).finish();
    expect((await first).value).toMatchObject({ rowOffset: 0, error: undefined });
    await expect(stream.next()).rejects.toBe(FAILED);
  });

  it('says which rows failed and goes on where the client wants that', async () => {
    await using rig = answeringRig({
      maxBatchSize: 1,
      execute: (inputs) => (readInt32(inputs[0])[0] === 1 ? Promise.reject(FAILED) : Promise.resolve(identity(inputs))),
    });
    const pieces = await collect(streamOf(rig, { values: upTo(3), onError: 'continue' }));
    expect(pieces.map(({ error, final }) => [error, final])).toEqual([
      [undefined, false],
      [FAILED, false],
      [undefined, true],
    ]);
    expect(pieces[1]).toMatchObject({ rowOffset: 1, rowCount: 1, outputs: [], timings: undefined });
  });

  it('marks the last piece as final even where it failed', async () => {
    await using rig = answeringRig({ execute: () => Promise.reject(FAILED) });
    const [piece] = await collect(streamOf(rig, { values: [1], onError: 'continue' }));
    expect(piece).toMatchObject({ error: FAILED, final: true });
  });

  it("goes on after a piece that waited longer than the model's queue policy lets it, where the client wants that", async () => {
    await using rig = new ServableRig({ maxBatchSize: 1, timeout: { action: 'reject', defaultMs: 20, allowOverride: false } });
    await rig.occupy();
    const collected = collect(streamOf(rig, { values: [1, 2], onError: 'continue' }));
    await turns();
    rig.clock.advance(20);
    const pieces = await collected;
    expect(pieces.map(({ error }) => error?.isQueueTimeout)).toEqual([true, true]);
  });

  it('ends at the deadline whatever the client wants for failing rows', async () => {
    await using rig = new ServableRig();
    await rig.occupy();
    const collected = collect(streamOf(rig, { values: [1, 2], onError: 'continue', deadline: 20 }));
    await turns();
    rig.clock.advance(20);
    rig.runs.at(0).finish();
    await expect(collected).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });
});

describe('streamRows when the reader or the call has gone', () => {
  it('takes its pieces out of the queue and gives up those that run when the reader returns', async () => {
    await using rig = new ServableRig({ maxBatchSize: 1 });
    const stream = streamOf(rig, { values: upTo(5) });
    const first = stream.next();
    await turns();
    rig.runs.at(0).finish();
    await first;
    await turns();
    expect([rig.runs.open.length, rig.scheduler.waiting]).toEqual([1, 0]);
    rig.submit([9]);
    await stream.return(undefined);
    expect(rig.runs.at(1).signal.aborted).toBe(true);
    expect(rig.scheduler.waiting).toBe(1);
  });

  it.each(['fail_stream', 'continue'] as const)('ends at once with the reason when the call is cancelled (%s)', async (onError) => {
    await using rig = new ServableRig({ maxBatchSize: 1 });
    const signal = new CancelSource();
    const collected = collect(streamOf(rig, { values: upTo(5), onError, signal }));
    await turns();
    signal.cancel(GONE);
    await expect(collected).rejects.toBe(GONE);
    expect(rig.runs.at(0).signal.aborted).toBe(true);
    expect(rig.scheduler.waiting).toBe(0);
  });

  it('gives no piece any more once the call is cancelled, not even one that is ready', async () => {
    await using rig = answeringRig();
    const signal = new CancelSource();
    const stream = streamOf(rig, { values: upTo(3), signal });
    await stream.next();
    await turns();
    signal.cancel(GONE);
    await expect(stream.next()).rejects.toBe(GONE);
  });

  it('no longer listens to the call once it has ended', async () => {
    await using rig = answeringRig();
    const signal = new CountedCancelSource();
    await collect(streamOf(rig, { values: upTo(3), signal }));
    expect(signal.listeners).toBe(0);
  });

  it('runs nothing for a call that was cancelled before', async () => {
    await using rig = new ServableRig();
    const signal = new CancelSource();
    signal.cancel(GONE);
    await expect(collect(streamOf(rig, { values: upTo(3), signal }))).rejects.toBe(GONE);
    await turns();
    expect(rig.executed).toEqual([]);
  });
});
