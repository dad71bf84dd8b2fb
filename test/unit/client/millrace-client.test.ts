import { describe, expect, it } from '@jest/globals';
import { MillraceClient } from '../../../src/client/millrace-client.js';
import { parseInferRequest, parseInferStreamRequest } from '../../../src/client/request-json.js';
import { InferResponse, InferStreamResponse } from '../../../src/gen/millrace/v1/inference.js';
import { refusal, startInferenceServer } from '../../support/inference-server.js';

const REQUEST = parseInferRequest({ model: 'digits' });
const STREAM_REQUEST = parseInferStreamRequest({ model: 'digits' });

describe('MillraceClient.infer', () => {
  it('sends the request and gives the response', async () => {
    await using server = await startInferenceServer({
      infer: ({ request }, answer) => answer(null, InferResponse.fromJSON({ model: request.model, version: '3' })),
    });
    await using client = new MillraceClient(server.address);
    expect(await client.infer(REQUEST)).toMatchObject({ model: 'digits', version: '3' });
  });

  it('rejects with the status and words of a refusal', async () => {
    await using server = await startInferenceServer({
      infer: (_, answer) => answer(refusal(8, 'too much waits', { 'grpc-retry-pushback-ms': '40' })),
    });
    await using client = new MillraceClient(server.address);
    await expect(client.infer(REQUEST)).rejects.toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      message: 'too much waits',
      retryAfterMs: 40,
    });
  });

  it('takes messages far above the 4 MiB that gRPC libraries start with', async () => {
    const raw = new Uint8Array(8 * 1024 * 1024);
    await using server = await startInferenceServer({
      infer: (_, answer) => {
        const response = InferResponse.fromJSON({});
        response.outputs.push({
          name: 'x',
          datatype: 2,
          shape: [],
          bools: [],
          ints: [],
          uints: [],
          floats: [],
          doubles: [],
          strings: [],
          bytesList: [],
          raw,
        });
        answer(null, response);
      },
    });
    await using client = new MillraceClient(server.address);
    expect((await client.infer(REQUEST)).outputs[0]?.raw).toHaveLength(raw.length);
  });

  it('gives up at the time-out', async () => {
    await using server = await startInferenceServer({ infer: () => undefined });
    await using client = new MillraceClient(server.address);
    await expect(client.infer(REQUEST, { timeoutMs: 20 })).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
  });

  it('cancels the call when the signal aborts, also before it began', async () => {
    const controller = new AbortController();
    await using server = await startInferenceServer({ infer: () => controller.abort() });
    await using client = new MillraceClient(server.address);
    await expect(client.infer(REQUEST, { signal: controller.signal })).rejects.toMatchObject({ status: 'CANCELLED' });
    await expect(client.infer(REQUEST, { signal: AbortSignal.abort() })).rejects.toMatchObject({ status: 'CANCELLED' });
  });

  it('says that nobody listens there', async () => {
    const server = await startInferenceServer({});
    await server[Symbol.asyncDispose]();
    await using client = new MillraceClient(server.address);
    await expect(client.infer(REQUEST)).rejects.toMatchObject({
      status: 'UNAVAILABLE',
      message: expect.stringContaining('No connection established'),
    });
  });
});

describe('MillraceClient.inferStream', () => {
  it('gives the messages in order', async () => {
    await using server = await startInferenceServer({
      inferStream: (call) => {
        for (const sequence of [0, 1, 2]) call.write(InferStreamResponse.fromJSON({ sequence, final: sequence === 2 }));
        call.end();
      },
    });
    await using client = new MillraceClient(server.address);
    const messages: InferStreamResponse[] = [];
    for await (const message of client.inferStream(STREAM_REQUEST)) messages.push(message);
    expect(messages.map(({ sequence, final }) => [sequence, final])).toEqual([
      [0, false],
      [1, false],
      [2, true],
    ]);
  });

  it('rejects where the stream fails, after what came before', async () => {
    await using server = await startInferenceServer({
      inferStream: (call) => {
        call.write(InferStreamResponse.fromJSON({ sequence: 0 }));
        call.emit('error', refusal(13, 'worker died'));
      },
    });
    await using client = new MillraceClient(server.address);
    const stream = client.inferStream(STREAM_REQUEST);
    expect((await stream.next()).done).toBe(false);
    await expect(stream.next()).rejects.toMatchObject({ name: 'CallError', status: 'INTERNAL', message: 'worker died' });
  });

  it('cancels the call when its reader leaves, and when the signal aborts', async () => {
    let cancelled = 0;
    await using server = await startInferenceServer({
      inferStream: (call) => {
        call.on('cancelled', () => {
          cancelled += 1;
        });
        call.write(InferStreamResponse.fromJSON({ sequence: 0 }));
      },
    });
    await using client = new MillraceClient(server.address);
    for await (const message of client.inferStream(STREAM_REQUEST)) {
      expect(message.sequence).toBe(0);
      break;
    }
    const controller = new AbortController();
    const stream = client.inferStream(STREAM_REQUEST, { signal: controller.signal });
    await stream.next();
    controller.abort();
    await expect(stream.next()).rejects.toMatchObject({ status: 'CANCELLED' });
    while (cancelled < 2) await new Promise((resolve) => setImmediate(resolve));
  });
});
