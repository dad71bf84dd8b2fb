import { describe, expect, it } from '@jest/globals';
import { invalidRequest, ServingError } from '../../../src/error/serving-error.js';
import { NEWEST } from '../../../src/model/id.js';
import type { InferRequest, StreamOptions, StreamPiece } from '../../../src/model/infer.js';
import { DataPlane } from '../../../src/serving/data-plane.js';
import { callContext } from '../../support/call-context.js';
import { DataPlaneRig, rowsRequest } from '../../support/data-plane-rig.js';
import { turns } from '../../support/event-loop.js';
import { HeldRuns } from '../../support/fake-slot-source.js';
import { CountedResponses, FakeStreams } from '../../support/fake-streams.js';
import type { ServableParts } from '../../support/held-loader.js';
import { RecordedSpans } from '../../support/recorded-spans.js';
import { int32Rows, readInt32 } from '../../support/row-tensors.js';

const FAILED = new ServingError('backend_failed', 'the run failed');
const NO_TEXT = invalidRequest('element 1 is no text');
const FIRST = { name: 'FIRST', datatype: 'INT32' as const, dims: [1] };
const SECOND = { ...FIRST, name: 'SECOND' };

function decoupled(responses: CountedResponses): ServableParts {
  return { settings: { decoupled: true, maxBatchSize: 0 }, instances: new FakeStreams(responses.respond) };
}

function streamOf({ plane }: DataPlaneRig, request: InferRequest, context = callContext()): AsyncGenerator<StreamPiece> {
  const options: StreamOptions = { rowsPerMessage: 4, ordering: 'in_order', onError: 'fail_stream' };
  return plane.stream(request, options, context);
}

async function collect(pieces: AsyncIterable<StreamPiece>): Promise<StreamPiece[]> {
  const all: StreamPiece[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

/** "values @offset+rows", and whether it is the last. */
function outline({ outputs, rowOffset, rowCount, final }: StreamPiece): string {
  return `${readInt32(outputs[0]).join()} @${rowOffset}+${rowCount}${final ? ' final' : ''}`;
}

describe('DataPlane.infer', () => {
  it('answers with the version, the outputs and where the time went, and gives everything back', async () => {
    await using rig = await DataPlaneRig.open();
    const context = callContext();
    const response = await rig.plane.infer(rowsRequest([1, 2]), context);
    expect(response).toMatchObject({ version: '1', timings: { batchSize: 2 } });
    expect(readInt32(response.outputs[0])).toEqual([1, 2]);
    expect(context.target).toEqual({ model: 'm', version: '1' });
    expect(await rig.held()).toBe('nothing');
  });

  it("takes the span away where the model's trace settings leave the call out, before the model is looked for", async () => {
    await using rig = await DataPlaneRig.open();
    await using spans = new RecordedSpans();
    const asked: string[] = [];
    const plane = new DataPlane(rig.registry, rig.admission, (_, model) => {
      asked.push(model);
      return model === 'm';
    });
    const kept = callContext({ span: spans.tracer.startSpan('kept') });
    await plane.infer(rowsRequest([1]), kept);
    expect(kept.span).toBeDefined();
    const dropped = callContext({ span: spans.tracer.startSpan('dropped') });
    await expect(plane.infer(rowsRequest([1], { model: 'n' }), dropped)).rejects.toMatchObject({ code: 'model_not_found' });
    expect(dropped.span).toBeUndefined();
    await plane.infer(rowsRequest([1]), callContext());
    expect(asked).toEqual(['m', 'n']);
  });

  it('holds the version and the bytes of the request while it runs', async () => {
    const runs = new HeldRuns();
    await using rig = await DataPlaneRig.open({ execute: runs.execute });
    const answer = rig.plane.infer(rowsRequest([1, 2, 3]), callContext());
    await turns();
    expect(await rig.held()).toBe('12 bytes, draining');
    runs.at(0).finish();
    await answer;
    expect(await rig.held()).toBe('nothing');
  });

  it("runs the inputs in the model's order and gives the outputs in the order asked for", async () => {
    const settings = { inputs: [FIRST, SECOND], outputs: [FIRST, SECOND] };
    const runs = new HeldRuns();
    await using rig = await DataPlaneRig.open({ settings, execute: runs.execute });
    const inputs = [int32Rows([2], 'SECOND'), int32Rows([1], 'FIRST')];
    const answer = rig.plane.infer(rowsRequest([], { inputs, outputNames: ['SECOND', 'FIRST'] }), callContext());
    await turns();
    expect(runs.at(0).inputs.map(({ name }) => name)).toEqual(['FIRST', 'SECOND']);
    runs.at(0).finish();
    expect((await answer).outputs.map(({ name, ...output }) => [name, ...readInt32({ name, ...output })])).toEqual([
      ['SECOND', 2],
      ['FIRST', 1],
    ]);
  });

  it.each<{ what: string; parts?: ServableParts; request?: InferRequest; code: string }>([
    { what: 'a decoupled model', parts: decoupled(new CountedResponses()), code: 'unsupported' },
    { what: 'inputs that do not fit the model', request: rowsRequest([1, 2], { inputs: [] }), code: 'invalid_request' },
    { what: 'more rows than one batch takes', request: rowsRequest(Array(9).fill(0)), code: 'invalid_request' },
    { what: 'inputs that the backend refuses', parts: { model: { checkInputs: () => fail(NO_TEXT) } }, code: 'invalid_request' },
    { what: 'more bytes than can ever wait', request: rowsRequest(Array(8).fill(0)), code: 'too_large' },
    { what: 'a run that fails', parts: { execute: () => Promise.reject(FAILED) }, code: 'backend_failed' },
  ])('refuses $what, and gives everything back', async ({ parts, request = rowsRequest([1]), code }) => {
    await using rig = await DataPlaneRig.open(parts, 31);
    const context = callContext();
    await expect(rig.plane.infer(request, context)).rejects.toMatchObject({ code });
    expect(context.target).toEqual({ model: 'm', version: '1' });
    expect(await rig.held()).toBe('nothing');
  });

  const nine = Array.from({ length: 9 }, (_, at) => at);

  it.each<{ who: string; oversize?: 'split'; parts?: ServableParts }>([
    { who: 'the facade', oversize: 'split' },
    { who: 'the model', parts: { settings: { splitsRequests: true } } },
  ])('cuts more rows than one batch takes into pieces where $who says so, and gives everything back', async ({ oversize, parts }) => {
    await using rig = await DataPlaneRig.open(parts);
    const response = await rig.plane.infer(rowsRequest(nine), callContext(), oversize);
    expect(response).toMatchObject({ version: '1', timings: { batchSize: 8 } });
    expect(response.outputs).toMatchObject([{ name: 'INPUT0', shape: [9, 1] }]);
    expect(readInt32(response.outputs[0])).toEqual(nine);
    expect(await rig.held()).toBe('nothing');
  });

  it('holds the bytes of all rows until the last piece has run', async () => {
    const runs = new HeldRuns();
    await using rig = await DataPlaneRig.open({ execute: runs.execute });
    const answer = rig.plane.infer(rowsRequest(nine), callContext(), 'split');
    await turns();
    runs.at(0).finish();
    await turns();
    expect(await rig.held()).toBe('36 bytes, draining');
    runs.at(1).finish();
    await answer;
    expect(await rig.held()).toBe('nothing');
  });

  it('runs a request of no more rows than a batch takes as one, whoever would split it', async () => {
    const runs = new HeldRuns();
    await using rig = await DataPlaneRig.open({ execute: runs.execute });
    const answer = rig.plane.infer(rowsRequest(nine.slice(1)), callContext(), 'split');
    await turns();
    runs.at(0).finish();
    expect(readInt32((await answer).outputs[0])).toEqual(nine.slice(1));
    expect(runs.all).toHaveLength(1);
  });

  it('is overloaded while the bytes of others leave no room, and not afterwards', async () => {
    const runs = new HeldRuns();
    await using rig = await DataPlaneRig.open({ execute: runs.execute }, 8);
    const first = rig.plane.infer(rowsRequest([1, 2]), callContext());
    await expect(rig.plane.infer(rowsRequest([3]), callContext())).rejects.toMatchObject({ code: 'overloaded' });
    expect(rig.shed).toEqual(['queued_bytes']);
    await turns();
    runs.at(0).finish();
    await first;
    const second = rig.plane.infer(rowsRequest([3]), callContext());
    await turns();
    runs.at(1).finish();
    expect(readInt32((await second).outputs[0])).toEqual([3]);
  });

  it('names no target where there is no such model', async () => {
    await using rig = await DataPlaneRig.open();
    const context = callContext();
    await expect(rig.plane.infer(rowsRequest([1], { model: 'n' }), context)).rejects.toMatchObject({ code: 'model_not_found' });
    expect(context.target).toBeUndefined();
  });
});

describe('DataPlane.stream', () => {
  const kinds = [
    { kind: 'rows', parts: {}, values: [1, 2, 3, 4, 5, 6], pieces: ['1,2,3,4 @0+4', '5,6 @4+2 final'] },
    { kind: 'an unbatched model', parts: { settings: { maxBatchSize: 0 } }, values: [5], pieces: ['5 @0+0 final'] },
    {
      kind: 'a decoupled model',
      parts: decoupled(new CountedResponses(7, 8)),
      values: [5],
      pieces: ['7 @0+0', '8 @0+0', ' @0+0 final'],
    },
  ];
  const requestOf = (values: readonly number[], parts: ServableParts) =>
    rowsRequest([], { inputs: [{ ...int32Rows(values), ...(parts.settings?.maxBatchSize === 0 && { shape: [values.length] }) }] });

  it.each(kinds)('gives $kind in pieces, the last of them final, and then everything back', async ({ parts, values, pieces }) => {
    await using rig = await DataPlaneRig.open(parts);
    const context = callContext();
    const given = await collect(streamOf(rig, requestOf(values, parts), context));
    expect(given.map(outline)).toEqual(pieces);
    expect(given.every(({ version, error }) => version === '1' && error === undefined)).toBe(true);
    expect(context.target).toEqual({ model: 'm', version: '1' });
    expect(await rig.held()).toBe('nothing');
  });

  it.each(kinds)('holds $kind and the bytes of its request until the reader returns', async ({ parts, values }) => {
    await using rig = await DataPlaneRig.open(parts);
    const stream = streamOf(rig, requestOf(values, parts));
    await stream.next();
    expect(await rig.held()).toBe(`${values.length * 4} bytes, draining`);
    await stream.return(undefined);
    expect(await rig.held()).toBe('nothing');
  });

  it.each([
    { what: 'rows', settings: {} },
    { what: 'an unbatched model', settings: { maxBatchSize: 0 } },
  ])('fails where the run of $what does, and gives everything back', async ({ settings }) => {
    const parts = { settings, execute: () => Promise.reject(FAILED) };
    await using rig = await DataPlaneRig.open(parts);
    await expect(collect(streamOf(rig, requestOf([1], parts)))).rejects.toBe(FAILED);
    expect(await rig.held()).toBe('nothing');
  });

  it.each<{ what: string; parts?: ServableParts; maxBytes?: number; code: string }>([
    { what: 'inputs that do not fit the model', parts: { settings: { inputs: [FIRST] } }, code: 'invalid_request' },
    { what: 'inputs that the backend refuses', parts: { model: { checkInputs: () => fail(NO_TEXT) } }, code: 'invalid_request' },
    { what: 'more bytes than can ever wait', maxBytes: 3, code: 'too_large' },
  ])('refuses $what before anything runs, and gives everything back', async ({ parts, maxBytes, code }) => {
    const runs = new HeldRuns();
    await using rig = await DataPlaneRig.open({ execute: runs.execute, ...parts }, maxBytes);
    await expect(streamOf(rig, rowsRequest([1])).next()).rejects.toMatchObject({ code });
    expect(runs.all).toEqual([]);
    expect(await rig.held()).toBe('nothing');
  });

  it.each(kinds.slice(1))('gives only the outputs asked for, in that order, of $kind', async ({ parts, values }) => {
    const outputs = [int32Rows([1], 'FIRST'), int32Rows([2], 'SECOND'), int32Rows([3], 'THIRD')];
    const run = () => Promise.resolve({ outputs, executeUs: 1 });
    const names = outputs.map(({ name }) => ({ ...FIRST, name }));
    const instances = new FakeStreams(async function* respond() {
      yield await run();
    });
    await using rig = await DataPlaneRig.open({ settings: { ...parts.settings, outputs: names }, execute: run, instances });
    const [piece] = await collect(streamOf(rig, { ...requestOf(values, parts), outputNames: ['THIRD', 'FIRST'] }));
    expect(piece?.outputs.map(({ name }) => name)).toEqual(['THIRD', 'FIRST']);
  });
});

describe('DataPlane.describe', () => {
  it('tells what a model is and which versions are ready, and holds nothing', async () => {
    await using rig = await DataPlaneRig.open({ settings: { maxBatchSize: 3 } });
    expect(rig.plane.describe('m', NEWEST)).toMatchObject({ spec: { model: 'm', maxBatchSize: 3 }, readyVersions: ['1'] });
    expect(() => rig.plane.describe('n', NEWEST)).toThrow(expect.objectContaining({ code: 'model_not_found' }));
    expect(await rig.held()).toBe('nothing');
  });
});

function fail(error: Error): never {
  throw error;
}
