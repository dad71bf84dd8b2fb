import { readdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import type { ModelInferResponse } from '../support/facades.js';
import { MemoryObject } from '../support/memory-object.js';
import { ModelDirectory } from '../support/model-directory.js';
import { modelFiles } from '../support/model-files.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';
import { decodeRaw, encodeRaw } from '../support/tensor-codec.js';

const SERVICE = 'inference.GRPCInferenceService';
const FLOATS = [1.5, -2, 3.25];
const TEXTS = ['grün', '', 'a longer one'];
const FLOAT_BYTES = encodeRaw('FP32', FLOATS);
const TEXT_BYTES = encodeRaw('BYTES', TEXTS);
const MAX_QUEUED_BYTES = 4096;
/** Long enough to unregister a region while a request runs. */
const SLOW_MS = 1500;

interface StreamMessage {
  readonly error_message: string;
  readonly infer_response: ModelInferResponse;
}

interface Tensor {
  readonly name: string;
  readonly parameters?: object;
}

interface Input extends Tensor {
  readonly datatype: string;
  readonly shape: readonly number[];
}

interface Request {
  readonly model?: string;
  readonly inputs: readonly Input[];
  readonly outputs?: readonly Tensor[];
  readonly raw?: readonly Uint8Array[];
}

/** An answer, or the text of the error in its place. */
type Answer = ModelInferResponse | string;

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

/** INPUT0 FP32 and INPUT1 BYTES come back as OUTPUT0 and OUTPUT1. */
function pairConfig(delayMs: number): string {
  const tensors = (side: string) =>
    [`{ name: "${side}0" data_type: TYPE_FP32 dims: [ -1 ] }`, `{ name: "${side}1" data_type: TYPE_STRING dims: [ -1 ] }`].join();
  return `
    backend: "identity"
    input [ ${tensors('INPUT')} ]
    output [ ${tensors('OUTPUT')} ]
    parameters { key: "execute_delay_ms" value { string_value: "${delayMs}" } }`;
}

beforeAll(async () => {
  directory = await ModelDirectory.create(modelFiles({ pair: { config: pairConfig(0) }, slow: { config: pairConfig(SLOW_MS) } }));
  app = await RunningApp.start({ modelRepository: [directory.path], maxQueuedBytes: String(MAX_QUEUED_BYTES) });
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function register(name: string, key: string, byteSize: number | string, offset: number | string = 0): Promise<object> {
  return client.unary(`${SERVICE}/SystemSharedMemoryRegister`, { name, key, byte_size: byteSize, offset });
}

function unregister(name: string): Promise<object> {
  return client.unary(`${SERVICE}/SystemSharedMemoryUnregister`, { name });
}

async function regionNames(from: DynamicClient = client): Promise<string[]> {
  const { regions } = await from.unary<{ regions: object }>(`${SERVICE}/SystemSharedMemoryStatus`, {});
  return Object.keys(regions);
}

function place(region: string, byteSize: number, offset?: number): object {
  return {
    shared_memory_region: { string_param: region },
    shared_memory_byte_size: { int64_param: byteSize },
    ...(offset === undefined ? {} : { shared_memory_offset: { int64_param: offset } }),
  };
}

function floats(parameters: object = {}): Input {
  return { name: 'INPUT0', datatype: 'FP32', shape: [FLOATS.length], parameters };
}

function texts(parameters: object = {}): Input {
  return { name: 'INPUT1', datatype: 'BYTES', shape: [TEXTS.length], parameters };
}

function messageOf({ model = 'pair', inputs, outputs = [], raw = [] }: Request): object {
  return { model_name: model, id: 'call', inputs, outputs, raw_input_contents: raw };
}

async function unary(request: Request): Promise<Answer> {
  const answer = client.unary<ModelInferResponse>(`${SERVICE}/ModelInfer`, messageOf(request));
  return answer.catch((error: unknown) => (error as ServiceError).details);
}

function streamed(request: Request): Promise<Answer> {
  const stream = client.converse<object, StreamMessage>(`${SERVICE}/ModelStreamInfer`);
  stream.end(messageOf(request));
  return new Promise((resolve, reject) => {
    stream.on('data', ({ error_message: error, infer_response }: StreamMessage) => resolve(error === '' ? infer_response : error));
    stream.on('error', reject);
  });
}

/** Descriptors of this process, which is the server's, that are open on the object. */
function descriptorsOf({ path }: MemoryObject): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => targetOf(descriptor) === path).length;
}

function targetOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return '';
  }
}

describe.each([
  ['ModelInfer', unary],
  ['ModelStreamInfer', streamed],
])('%s with shared memory', (method, ask) => {
  const region = (name: string) => `${method} ${name}`;

  it('reads inputs from regions and writes outputs into them, FP32 and BYTES, at offsets', async () => {
    using source = new MemoryObject(Buffer.concat([Buffer.alloc(100), FLOAT_BYTES, TEXT_BYTES]));
    using target = new MemoryObject(new Uint8Array(256));
    await register(region('in'), source.key, FLOAT_BYTES.length + TEXT_BYTES.length, 100);
    await register(region('out'), target.fileName, 200, 8);
    const answer = await ask({
      inputs: [floats(place(region('in'), FLOAT_BYTES.length)), texts(place(region('in'), TEXT_BYTES.length, FLOAT_BYTES.length))],
      outputs: [
        { name: 'OUTPUT1', parameters: place(region('out'), 100, 50) },
        { name: 'OUTPUT0', parameters: place(region('out'), FLOAT_BYTES.length) },
      ],
    });
    expect(answer).toMatchObject({
      id: 'call',
      outputs: [
        { name: 'OUTPUT1', datatype: 'BYTES', shape: ['3'], parameters: {} },
        { name: 'OUTPUT0', datatype: 'FP32', shape: ['3'], parameters: {} },
      ],
      raw_output_contents: [Buffer.alloc(0), Buffer.alloc(0)],
    });
    const written = target.content;
    expect(decodeRaw('FP32', written.subarray(8, 8 + FLOAT_BYTES.length))).toEqual(FLOATS);
    expect(decodeRaw('BYTES', written.subarray(58, 58 + TEXT_BYTES.length))).toEqual(TEXTS);
    written.fill(0, 8, 8 + FLOAT_BYTES.length).fill(0, 58, 58 + TEXT_BYTES.length);
    expect(written.every((byte) => byte === 0)).toBe(true);
  });

  it('mixes them with raw inputs and with outputs in the message', async () => {
    using object = new MemoryObject(Buffer.concat([FLOAT_BYTES, new Uint8Array(64)]));
    await register(region('mixed'), object.key, FLOAT_BYTES.length + 64);
    const answer = await ask({
      inputs: [floats(place(region('mixed'), FLOAT_BYTES.length)), texts()],
      raw: [TEXT_BYTES],
      outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT1', parameters: place(region('mixed'), 64, FLOAT_BYTES.length) }],
    });
    expect(answer).toMatchObject({ raw_output_contents: [FLOAT_BYTES, Buffer.alloc(0)] });
    expect(object.content.subarray(FLOAT_BYTES.length, FLOAT_BYTES.length + TEXT_BYTES.length)).toEqual(TEXT_BYTES);
  });

  it('sees what the client wrote into its memory after it was registered', async () => {
    using object = new MemoryObject(new Uint8Array(FLOAT_BYTES.length));
    await register(region('live'), object.key, FLOAT_BYTES.length);
    for (const values of [FLOATS, [7, 8, 9]]) {
      object.put(0, encodeRaw('FP32', values));
      const answer = await ask({ inputs: [floats(place(region('live'), FLOAT_BYTES.length)), texts()], raw: [TEXT_BYTES] });
      expect(answer).toMatchObject({ raw_output_contents: [encodeRaw('FP32', values), TEXT_BYTES] });
    }
  });

  it('refuses what does not fit, in the words that Triton’s clients know', async () => {
    using object = new MemoryObject(new Uint8Array(64));
    await register(region('r'), object.key, 32);
    const infer = (input: object, output: object = {}, raw = [TEXT_BYTES]) =>
      ask({ inputs: [floats(input), texts()], raw, outputs: [{ name: 'OUTPUT0', parameters: output }] });
    const inside = place(region('r'), FLOAT_BYTES.length);
    const cases: [Promise<Answer>, string][] = [
      [infer(place('nobody', 12)), "Unable to find shared memory region: 'nobody'"],
      [infer(inside, place('nobody', 12)), "Unable to find shared memory region: 'nobody'"],
      [infer(place(region('r'), 12, 32)), `Invalid offset for shared memory region: '${region('r')}'`],
      [infer(place(region('r'), 12, -1)), `Invalid offset for shared memory region: '${region('r')}'`],
      [infer(place(region('r'), 12, 24)), `Invalid offset + byte size for shared memory region: '${region('r')}'`],
      [infer(place(region('r'), -12)), `Invalid offset + byte size for shared memory region: '${region('r')}'`],
      [infer(inside, place(region('r'), 33)), `Invalid offset + byte size for shared memory region: '${region('r')}'`],
      [infer(place(region('r'), 8)), "input byte size mismatch for input 'INPUT0' for model 'pair'. Expected 12, got 8"],
      [infer(inside, place(region('r'), 8)), "output 'OUTPUT0' (8 bytes) should be at least 12 bytes to hold the results"],
      [infer(inside, {}, []), "unable to find data for input tensor 'INPUT1' for model 'pair' in request."],
      [infer(inside, {}, [FLOAT_BYTES, TEXT_BYTES]), 'expected 1 raw_input_contents entries'],
      [infer({ shared_memory_region: { string_param: region('r') } }), "'shared_memory_byte_size' must be specified along with"],
    ];
    for (const [answer, text] of cases) expect(await answer).toContain(text);
    expect(object.content.every((byte) => byte === 0)).toBe(true);
  });

  it('reads no more for one request than the server would queue', async () => {
    using object = new MemoryObject(new Uint8Array(MAX_QUEUED_BYTES));
    await register(region('large'), object.key, MAX_QUEUED_BYTES);
    const half = place(region('large'), MAX_QUEUED_BYTES / 2 + 1);
    expect(await ask({ inputs: [floats(half), texts(half)] })).toContain(
      "the request's inputs hold 4098 bytes of shared memory, more than the 4096 that this server reads for one request",
    );
  });

  it('says so where the memory has become smaller, and leaves it so', async () => {
    using object = new MemoryObject(new Uint8Array(64));
    await register(region('shrunk'), object.key, 64);
    object.truncate(4);
    const text = `shared memory region '${region('shrunk')}' has become smaller than it was when it was registered`;
    const parameters = place(region('shrunk'), FLOAT_BYTES.length);
    expect(await ask({ inputs: [floats(parameters), texts()], raw: [TEXT_BYTES] })).toBe(text);
    expect(
      await ask({ inputs: [floats(), texts()], raw: [FLOAT_BYTES, TEXT_BYTES], outputs: [{ name: 'OUTPUT0', parameters }] }),
    ).toContain(text);
    expect(object.content).toHaveLength(4);
  });

  it('computes with what it read, and writes nothing where the region has gone in between', async () => {
    using object = new MemoryObject(Buffer.concat([FLOAT_BYTES, Buffer.alloc(12)]));
    await register(region('gone'), object.key, 24);
    const inputs = [floats(place(region('gone'), 12)), texts()];
    const begun = await app.total('millrace_inflight_calls');
    const kept = ask({ model: 'slow', inputs, raw: [TEXT_BYTES] });
    const written = ask({
      model: 'slow',
      inputs,
      raw: [TEXT_BYTES],
      outputs: [{ name: 'OUTPUT0', parameters: place(region('gone'), 12, 12) }],
    });
    await app.reaches(begun + 2, 'millrace_inflight_calls');
    await unregister(region('gone'));
    await register(region('gone'), object.key, 24);
    object.put(0, Buffer.alloc(12));
    expect(await kept).toMatchObject({ raw_output_contents: [FLOAT_BYTES, TEXT_BYTES] });
    expect(await written).toContain(`shared memory region '${region('gone')}' was unregistered before the output was written`);
    expect(object.content.every((byte) => byte === 0)).toBe(true);
  });
});

describe('SystemSharedMemoryRegister', () => {
  it.each([
    ['a path that leaves the directory', '../etc/passwd'],
    ['a path in it', 'a/b'],
    ['two slashes', '//name'],
    ['nothing', ''],
    ['the directory itself', '.'],
    ['the one above', '/..'],
    ['300 characters', 'n'.repeat(300)],
    ['a NUL', 'a\0b'],
  ])('refuses %s as a key', async (_what, key) => {
    const refusal = await refusalOf(register('hostile', key, 8));
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'invalid_request' });
    expect(refusal.text).toContain("cannot register shared memory region 'hostile' - invalid shm key");
  });

  it('follows no link, opens nothing that is not there, and tells the two apart for nobody', async () => {
    using object = new MemoryObject(new Uint8Array(8));
    const link = `${object.fileName}-link`;
    symlinkSync(object.path, `/dev/shm/${link}`);
    try {
      for (const key of [link, '/millrace-test-nothing']) {
        expect(await refusalOf(register('hostile', key, 8))).toMatchObject({
          code: status.INTERNAL,
          text: `Unable to open shared memory region: '${key}'`,
        });
      }
    } finally {
      unlinkSync(`/dev/shm/${link}`);
    }
  });

  it.each([
    ['an offset at the end', 8, 16],
    ['a byte_size past the end', 17, 0],
    ['both together past the end', 12, 8],
    ['an offset that wraps', 16, '18446744073709551608'],
    ['a byte_size that is a wrapped -1', '18446744073709551615', 1],
    ['the largest numbers that are exact', '9007199254740991', '9007199254740991'],
    ['no bytes', 0, 0],
  ])('refuses %s', async (_what, byteSize, offset) => {
    using object = new MemoryObject(new Uint8Array(16));
    const refusal = await refusalOf(register('hostile', object.key, byteSize, offset));
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'invalid_request' });
    expect(refusal.text).toContain("failed to register shared memory region 'hostile': invalid args");
    expect(descriptorsOf(object)).toBe(0);
    expect(await regionNames()).not.toContain('hostile');
  });

  it('takes a name once, tells of it, and forgets it', async () => {
    using object = new MemoryObject(new Uint8Array(16));
    const region = { name: 'once', key: object.key, offset: '4', byte_size: '8' };
    await register('once', object.key, 8, 4);
    expect(await refusalOf(register('once', object.key, 8))).toMatchObject({
      code: status.ALREADY_EXISTS,
      text: "shared memory region 'once' already in manager",
    });
    expect(await client.unary(`${SERVICE}/SystemSharedMemoryStatus`, { name: 'once' })).toEqual({ regions: { once: region } });
    expect(descriptorsOf(object)).toBe(1);
    await unregister('once');
    expect(descriptorsOf(object)).toBe(0);
    await unregister('once');
    expect(await refusalOf(client.unary(`${SERVICE}/SystemSharedMemoryStatus`, { name: 'once' }))).toMatchObject({
      code: status.NOT_FOUND,
      text: "Unable to find system shared memory region: 'once'",
    });
  });
});

describe('the server', () => {
  it('advertises system shared memory, and says why there is no CUDA memory', async () => {
    const { extensions } = await client.unary<{ extensions: string[] }>(`${SERVICE}/ServerMetadata`, {});
    expect(extensions).toContain('system_shared_memory');
    for (const name of ['Status', 'Register', 'Unregister']) {
      const refusal = await refusalOf(client.unary(`${SERVICE}/CudaSharedMemory${name}`, {}));
      expect(refusal).toMatchObject({ code: status.UNIMPLEMENTED, reason: 'unsupported' });
      expect(refusal.text).toContain('no CUDA device memory is shared with this server');
    }
  });

  it('without a control plane changes nothing, and tells of its regions all the same', async () => {
    using object = new MemoryObject(new Uint8Array(16));
    await using closed = await RunningApp.start({ modelRepository: [directory.path], controlPlane: 'off' });
    await using visitor = new DynamicClient(closed.address);
    const attempts = [
      visitor.unary(`${SERVICE}/SystemSharedMemoryRegister`, { name: 'r', key: object.key, byte_size: 16 }),
      visitor.unary(`${SERVICE}/SystemSharedMemoryUnregister`, { name: '' }),
    ];
    for (const attempt of attempts) expect(await refusalOf(attempt)).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(await regionNames(visitor)).toEqual([]);
  });

  it('closes every region when it stops', async () => {
    using object = new MemoryObject(new Uint8Array(16));
    {
      await using short = await RunningApp.start({ modelRepository: [directory.path] });
      await using visitor = new DynamicClient(short.address);
      for (const name of ['a', 'b']) {
        await visitor.unary(`${SERVICE}/SystemSharedMemoryRegister`, { name, key: object.key, byte_size: 16 });
      }
      expect(descriptorsOf(object)).toBe(2);
    }
    expect(descriptorsOf(object)).toBe(0);
  });
});
