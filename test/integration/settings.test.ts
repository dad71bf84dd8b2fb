import { status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import type { FlagValues } from '../../src/config/load.js';
import { type CallOptions, DynamicClient } from '../support/dynamic-client.js';
import { type Facade, MILLRACE, OIP } from '../support/facades.js';
import { identityModels } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';
import { ServerProcess } from '../support/server-process.js';

const TRACE = 'inference.GRPCInferenceService/TraceSetting';
const LOG = 'inference.GRPCInferenceService/LogSettings';
const STREAM = 'inference.GRPCInferenceService/ModelStreamInfer';
const ROWS = 'millrace.v1.InferenceService/InferStream';
/** Of a caller that traces its call. */
const TRACED: CallOptions = { metadata: { traceparent: `00-${'1'.repeat(32)}-abcdef0123456789-01` } };

type TraceSettings = Readonly<Record<string, readonly string[]>>;

interface WireTraceSettings {
  readonly settings: Readonly<Record<string, { readonly value: readonly string[] }>>;
}

interface WireLogSettings {
  readonly settings: Readonly<
    Record<string, { readonly bool_param?: boolean; readonly uint32_param?: number; readonly string_param?: string }>
  >;
}

/** Calls of one server, by what these tests say of them. */
class Caller implements AsyncDisposable {
  readonly #client: DynamicClient;

  constructor(address: string) {
    this.#client = new DynamicClient(address);
  }

  /** Changes settings, or reads them where there are none; gives what holds then, each setting's values joined. */
  async trace(settings: TraceSettings = {}, model = ''): Promise<Readonly<Record<string, string>>> {
    const changed = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, { value }]));
    const answer = await this.#client.unary<WireTraceSettings>(TRACE, { settings: changed, model_name: model });
    return Object.fromEntries(Object.entries(answer.settings).map(([name, { value }]) => [name, value.join()]));
  }

  async log(settings: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#client.unary<WireLogSettings>(LOG, { settings });
    return Object.fromEntries(
      Object.entries(answer.settings).map(([name, { bool_param: flag, uint32_param: number, string_param: text }]) => [
        name,
        flag ?? number ?? text,
      ]),
    );
  }

  /** Any message at all. */
  call(method: string, message: object): Promise<object> {
    return this.#client.unary(method, message);
  }

  /** One row for an identity model. */
  async infer(model: string, options: CallOptions = {}, facade: Facade = OIP): Promise<void> {
    await this.#client.unary(facade.inferMethod, facade.message(rowFor(model), 'raw'), options);
  }

  async inferMany(model: string, calls: number): Promise<void> {
    await Promise.all(Array.from({ length: calls }, () => this.infer(model)));
  }

  async inferRows(model: string): Promise<void> {
    await this.#client.stream(ROWS, { ...MILLRACE.message(rowFor(model), 'raw'), rows_per_message: 1 });
  }

  /** One stream with a request for each of the models, answered in turn. */
  async converse(...models: readonly string[]): Promise<void> {
    const call = this.#client.converse<object, object>(STREAM);
    const ended = new Promise<void>((resolve, reject) =>
      call
        .on('data', () => undefined)
        .on('error', reject)
        .on('end', resolve),
    );
    for (const model of models) call.write(OIP.message(rowFor(model), 'raw'));
    call.end();
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }
}

function rowFor(model: string) {
  return { model, inputs: [{ name: 'INPUT0', datatype: 'FP32' as const, shape: [1, 2], values: [1, 2] }] };
}

function identities(...models: readonly string[]): Record<string, Uint8Array> {
  return identityModels(Object.fromEntries(models.map((model) => [model, { maxBatchSize: 8 }])));
}

/** A traced server of its own with identity models of these names, until `use` is done; then what it has exported. */
async function traced(
  models: readonly string[],
  use: (caller: Caller) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<OtlpReceiver> {
  const receiver = await OtlpReceiver.start();
  try {
    await using directory = await ModelDirectory.create(identities(...models));
    await using server = await ServerProcess.start(['--model-repository', directory.path], {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      ...env,
    });
    await using caller = new Caller(server.address);
    await use(caller);
    // The last spans leave with the server.
    server.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    return receiver;
  } catch (error) {
    await receiver[Symbol.asyncDispose]();
    throw error;
  }
}

/** How many calls of each model were traced; the names of calls that found none count by their method. */
function tracedCalls({ spans }: OtlpReceiver): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind, attributes } of spans) {
    const model = attributes['millrace.model'];
    if (kind === 2 && typeof model === 'string') counts[model] = (counts[model] ?? 0) + 1;
  }
  return counts;
}

/** A server in this process, not traced. */
class Rig implements AsyncDisposable {
  readonly app: RunningApp;
  readonly caller: Caller;
  readonly #files: ModelDirectory;

  static async start(files: Readonly<Record<string, Uint8Array>>, flags: FlagValues = {}): Promise<Rig> {
    const directory = await ModelDirectory.create(files);
    return new Rig(directory, await RunningApp.start({ modelRepository: [directory.path], ...flags }));
  }

  private constructor(files: ModelDirectory, app: RunningApp) {
    this.#files = files;
    this.app = app;
    this.caller = new Caller(app.address);
  }

  get events(): string[] {
    return this.app.log.lines.map(({ event }) => event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.caller[Symbol.asyncDispose]();
    await this.app[Symbol.asyncDispose]();
    await this.#files[Symbol.asyncDispose]();
  }
}

describe('TraceSetting', () => {
  it('stops and starts the traces of all calls, those of callers that trace them included', async () => {
    await using receiver = await traced(['before', 'off', 'again'], async (caller) => {
      await caller.infer('before');
      expect(await caller.trace({ trace_level: ['OFF'] })).toEqual({
        trace_level: 'OFF',
        trace_rate: '1',
        trace_count: '-1',
        trace_mode: 'opentelemetry',
        trace_file: '',
        log_frequency: '0',
      });
      await caller.infer('off');
      await caller.infer('off', TRACED);
      expect(await caller.trace({ trace_level: ['TIMESTAMPS'], trace_rate: ['1'] })).toMatchObject({ trace_level: 'TIMESTAMPS' });
      await caller.inferMany('again', 5);
    });
    expect(tracedCalls(receiver)).toEqual({ before: 1, again: 5 });
    expect(receiver.spans.filter(({ traceId }) => traceId === '1'.repeat(32))).toEqual([]);
  });

  it('traces one model alone, on both facades, and leaves nothing of the others', async () => {
    await using receiver = await traced(['loud', 'quiet'], async (caller) => {
      await caller.trace({ trace_level: ['OFF'] });
      expect(await caller.trace({ trace_level: ['TIMESTAMPS'] }, 'loud')).toMatchObject({ trace_level: 'TIMESTAMPS' });
      expect(await caller.trace()).toMatchObject({ trace_level: 'OFF' });
      expect(await caller.trace({}, 'quiet')).toMatchObject({ trace_level: 'OFF' });
      for (const model of ['quiet', 'loud']) {
        for (const facade of [OIP, MILLRACE]) await caller.infer(model, {}, facade);
        await caller.inferRows(model);
        await caller.infer(model, TRACED);
      }
    });
    expect(tracedCalls(receiver)).toEqual({ loud: 4 });
    expect(receiver.named('batch')).toHaveLength(4);
    for (const { name, attributes } of receiver.spans) expect([name, attributes['millrace.model'] ?? 'loud']).toEqual([name, 'loud']);
  });

  it('leaves one model alone out, until its settings are taken back', async () => {
    await using receiver = await traced(['loud', 'quiet', 'back'], async (caller) => {
      for (const model of ['quiet', 'back']) await caller.trace({ trace_level: ['OFF'] }, model);
      expect(await caller.trace({ trace_level: [] }, 'back')).toMatchObject({ trace_level: 'TIMESTAMPS' });
      for (const model of ['loud', 'quiet', 'back']) await caller.infer(model);
      await refusalOf(caller.infer('nobody'));
      // A stream has one span: its first request decides.
      await caller.converse('quiet', 'loud');
      await caller.converse('loud', 'quiet');
    });
    expect(tracedCalls(receiver)).toEqual({ loud: 1, back: 1, quiet: 1 });
    expect(receiver.named(STREAM).map(({ attributes }) => attributes['millrace.model'])).toEqual(['quiet']);
    expect(receiver.named(OIP.inferMethod).map(({ attributes }) => attributes['rpc.status_code'])).toEqual(['OK', 'OK', 'NOT_FOUND']);
  });

  it('ends after as many traces as it counts, to the call, and says how many are left', async () => {
    await using receiver = await traced(['all', 'own', 'later'], async (caller) => {
      await caller.trace({ trace_count: ['3'] });
      expect(await caller.trace({ trace_count: ['1'] }, 'own')).toMatchObject({ trace_count: '1' });
      await caller.infer('all');
      expect(await caller.trace()).toMatchObject({ trace_count: '2' });
      await caller.inferMany('all', 8);
      await caller.inferMany('own', 4);
      expect(await caller.trace()).toMatchObject({ trace_level: 'TIMESTAMPS', trace_count: '0' });
      await caller.infer('later');
      await caller.trace({ trace_count: [] });
      await caller.infer('later');
    });
    expect(tracedCalls(receiver)).toEqual({ all: 3, own: 1, later: 1 });
  });

  it('traces one call in so many, by chance', async () => {
    await using receiver = await traced(['rare', 'some'], async (caller) => {
      expect(await caller.trace({ trace_rate: ['4294967295'] })).toMatchObject({ trace_rate: '4294967295' });
      expect(await caller.trace({ trace_rate: ['2'] }, 'some')).toMatchObject({ trace_rate: '2' });
      await caller.inferMany('rare', 200);
      await caller.inferMany('some', 200);
    });
    const { rare = 0, some = 0 } = tracedCalls(receiver);
    expect(rare).toBe(0);
    // 200 tosses of a coin: outside of this once in 10^10 runs.
    expect(some).toBeGreaterThan(50);
    expect(some).toBeLessThan(150);
  });

  it('begins where the environment said that only callers decide, and goes back to it', async () => {
    const env = { OTEL_TRACES_SAMPLER: 'parentbased_always_off' };
    const use = async (caller: Caller) => {
      expect(await caller.trace()).toMatchObject({ trace_level: 'TIMESTAMPS', trace_rate: '0' });
      await caller.infer('first');
      await caller.trace({ trace_rate: ['1'] });
      await caller.infer('second');
      expect(await caller.trace({ trace_rate: [] })).toMatchObject({ trace_rate: '0' });
      await caller.infer('third');
      await caller.infer('third', TRACED);
    };
    await using receiver = await traced(['first', 'second', 'third'], use, env);
    expect(tracedCalls(receiver)).toEqual({ second: 1, third: 1 });
  });

  it('says OFF where traces have nowhere to go, and what it would take', async () => {
    await using rig = await Rig.start(identities('same'));
    expect(await rig.caller.trace()).toMatchObject({ trace_level: 'OFF', trace_rate: '1000', trace_count: '-1' });
    expect(await refusalOf(rig.caller.trace({ trace_level: ['TIMESTAMPS'] }, 'same'))).toMatchObject({
      code: status.UNIMPLEMENTED,
      text: 'traces have nowhere to go: the server was started without OTEL_EXPORTER_OTLP_ENDPOINT',
    });
    expect(await rig.caller.trace({ trace_level: ['OFF'], trace_rate: ['7'] }, 'same')).toMatchObject({
      trace_level: 'OFF',
      trace_rate: '7',
    });
    expect(rig.app.log.first('trace_settings')).toMatchObject({
      level: 'info',
      model: 'same',
      settings: { level: 'OFF', rate: 7, count: -1 },
    });
  });
});

/** Loads that write a line each: an info line, a warning and an error. */
const LOUD_MODELS = {
  ...identityModels({ fine: {}, warned: { config: 'parameters { key: "millrace.nonsense" value { string_value: "1" } }' } }),
  'broken/config.pbtxt': Buffer.from('backend: "nonsense"'),
};

async function loadAll(caller: Caller): Promise<void> {
  for (const model of ['fine', 'warned', 'broken']) {
    await caller.call('inference.GRPCInferenceService/RepositoryModelLoad', { model_name: model }).catch(() => undefined);
  }
}

describe('LogSettings', () => {
  it.each([
    [{ log_info: { bool_param: false } }, ['warn', 'error']],
    [{ log_warning: { bool_param: false } }, ['info', 'error']],
    [{ log_error: { bool_param: false } }, ['info', 'warn']],
    [{ log_verbose_level: { uint32_param: 1 } }, ['debug', 'info', 'warn', 'error']],
  ])('with %j: just these lines are written from then on', async (settings, levels) => {
    await using rig = await Rig.start(LOUD_MODELS, { modelControlMode: 'explicit' });
    await rig.caller.log(settings);
    const before = rig.app.log.lines.length;
    await loadAll(rig.caller);
    const written = new Set(rig.app.log.lines.slice(before).map(({ level }) => level));
    expect(written).toEqual(new Set(levels));
  });

  it('writes a line of each call while verbose, and none before or after', async () => {
    await using rig = await Rig.start(identities('same'));
    const { caller, app } = rig;
    await caller.infer('same');
    expect(await caller.log({ log_verbose_level: { uint32_param: 2 } })).toMatchObject({ log_verbose_level: 2 });
    await caller.infer('same');
    await refusalOf(caller.infer('nobody'));
    expect(await caller.log({ log_verbose_level: { uint32_param: 0 } })).toMatchObject({ log_verbose_level: 0 });
    await caller.infer('same');
    const lines = app.log.all('call').filter(({ path }) => path === `/${OIP.inferMethod}`);
    expect(lines).toMatchObject([
      { level: 'debug', status: 'OK', model: 'same', version: '1', ms: expect.any(Number) },
      { level: 'debug', status: 'NOT_FOUND' },
    ]);
  });

  it('begins with what --log-level says, and reads as Triton says it', async () => {
    await using quiet = await Rig.start(identities('same'), { logLevel: 'warn' });
    expect(await quiet.caller.log()).toEqual({
      log_file: '',
      log_info: false,
      log_warning: true,
      log_error: true,
      log_verbose_level: 0,
      log_format: 'default',
    });
    expect(quiet.events).toEqual([]);
    expect(await quiet.caller.log({ log_info: { bool_param: true }, log_format: { string_param: 'ISO8601' } })).toMatchObject({
      log_info: true,
      log_format: 'ISO8601',
    });
    expect(quiet.events).toEqual(['log_settings']);
    await using verbose = await Rig.start(identities('same'), { logLevel: 'debug' });
    expect(await verbose.caller.log()).toMatchObject({ log_info: true, log_verbose_level: 1 });
  });

  it('says last that info lines end, and none of them after, not even that the server has drained', async () => {
    await using rig = await Rig.start(identities('same'));
    expect(rig.events).toEqual(['model_ready', 'ready']);
    await rig.caller.log({ log_info: { bool_param: false } });
    await rig.app.server.drain();
    expect(rig.events).toEqual(['model_ready', 'ready', 'log_settings']);
  });
});

describe('a setting that cannot be', () => {
  const flag = { bool_param: true };
  const text = { string_param: 'x' };

  it.each<[string, object, number, string]>([
    [TRACE, { model_name: 'nobody' }, status.INVALID_ARGUMENT, 'Request for unknown model : nobody'],
    [TRACE, { settings: { nonsense: { value: ['1'] } } }, status.INVALID_ARGUMENT, "unknown trace setting 'nonsense'"],
    [TRACE, { settings: { trace_level: { value: ['LOUD'] } } }, status.INVALID_ARGUMENT, "unknown trace level 'LOUD'"],
    [TRACE, { settings: { trace_level: { value: ['OFF', 'OFF'] } } }, status.INVALID_ARGUMENT, "only one trace level 'OFF'"],
    [TRACE, { settings: { trace_level: { value: ['TENSORS'] } } }, status.UNIMPLEMENTED, "trace level 'TENSORS' is not supported"],
    [TRACE, { settings: { trace_rate: { value: ['often'] } } }, status.INVALID_ARGUMENT, "Unable to parse 'trace_rate', got: often"],
    [TRACE, { settings: { trace_rate: { value: ['0'] } } }, status.INVALID_ARGUMENT, 'sample rate must be non-zero'],
    [TRACE, { settings: { trace_rate: { value: ['1', '2'] } } }, status.INVALID_ARGUMENT, "expect only 1 value for 'trace_rate'"],
    [TRACE, { settings: { trace_count: { value: ['-2'] } } }, status.INVALID_ARGUMENT, 'out of range'],
    [TRACE, { settings: { trace_mode: { value: ['triton'] } } }, status.UNIMPLEMENTED, "'trace_mode' is always 'opentelemetry'"],
    [TRACE, { settings: { trace_file: { value: ['/t'] } } }, status.UNIMPLEMENTED, 'trace file location can not be updated'],
    [TRACE, { settings: { log_frequency: { value: ['9'] } } }, status.UNIMPLEMENTED, "'log_frequency' is always '0'"],
    [LOG, { settings: { nonsense: flag } }, status.INVALID_ARGUMENT, "unknown log setting 'nonsense'"],
    [LOG, { settings: { log_info: text } }, status.INVALID_ARGUMENT, "expect boolean for 'log_info'"],
    [LOG, { settings: { log_info: {} } }, status.INVALID_ARGUMENT, "expect boolean for 'log_info'"],
    [LOG, { settings: { log_verbose_level: flag } }, status.INVALID_ARGUMENT, "expect int32 for 'log_verbose_level'"],
    [LOG, { settings: { log_format: text } }, status.INVALID_ARGUMENT, 'invalid argument for log_format, got: x'],
    [LOG, { settings: { log_file: text } }, status.UNIMPLEMENTED, 'log file location can not be updated through network protocol'],
  ])('%s refuses %j, and changes nothing', async (method, message, code, phrase) => {
    await using rig = await Rig.start(identities('same'));
    const { caller } = rig;
    const before = [await caller.trace(), await caller.log()];
    expect(await refusalOf(caller.call(method, message))).toMatchObject({ code, text: expect.stringContaining(phrase) });
    expect([await caller.trace(), await caller.log()]).toEqual(before);
  });

  it('is any at all where the control plane is off, and everything can be read', async () => {
    await using rig = await Rig.start(identities('same'), { controlPlane: 'off' });
    const { caller } = rig;
    const refused = { code: status.PERMISSION_DENIED, text: 'the control plane is switched off (--control-plane off)' };
    expect(await refusalOf(caller.trace({ trace_rate: ['5'] }))).toMatchObject(refused);
    expect(await refusalOf(caller.trace({ trace_rate: [] }, 'same'))).toMatchObject(refused);
    expect(await refusalOf(caller.log({ log_info: { bool_param: false } }))).toMatchObject(refused);
    expect(await caller.trace({}, 'same')).toMatchObject({ trace_rate: '1000' });
    expect(await caller.log()).toMatchObject({ log_info: true });
  });
});
