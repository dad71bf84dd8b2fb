import { filePath, flag, headerPattern, hosts, integer, type Kind, names, oneOf, oneYet, onOff, paths, port } from './kind.js';

export type OptionGroup = 'Models' | 'Addresses' | 'Behaviour' | 'Limits' | 'TLS';

/** One row of the table that flags, environment, YAML keys, help and docs are made from. */
export interface OptionSpec<T> {
  readonly kind: Kind<T>;
  readonly default: T;
  readonly group: OptionGroup;
  /** Stands for the value in the help. */
  readonly placeholder: string;
  readonly help: string;
}

const MEBIBYTE = 1024 * 1024;
const MAX_BYTES = Number.MAX_SAFE_INTEGER;
/** A message's length is 32 bits on the wire, and Node's largest buffer holds less than that. */
const MAX_MESSAGE_BYTES = 2 ** 31 - 1;
const MAX_MS = 2 ** 31 - 1;
const MAX_COUNT = 1_000_000;
/** Of threads: more than a machine has cores is no use. */
const MAX_FRONT_ENDS = 64;

/**
 * Every option of `serve`. The key is its YAML name; the flag (--grpc-port) and the variable (MILLRACE_GRPC_PORT) follow from it.
 * Defaults with a number that is a judgement say why below.
 */
export const SERVE_OPTIONS = {
  modelRepository: {
    kind: paths(),
    default: [],
    group: 'Models',
    placeholder: 'dir',
    help: "directory of models in Triton's layout: <dir>/<model>/<version>/model.onnx; may be given more than once",
  },
  modelControlMode: {
    kind: oneOf(['none', 'explicit'], ['poll']),
    default: 'none',
    group: 'Models',
    placeholder: 'mode',
    help: 'none loads every model at start, explicit only those of --load-model and those that clients load',
  },
  loadModel: {
    kind: names(),
    default: [],
    group: 'Models',
    placeholder: 'name',
    help: 'model to load at start in explicit mode, * for all; may be given more than once',
  },
  defaultMaxBatchSize: {
    kind: integer(0, 65_536, ' rows'),
    default: 32,
    group: 'Models',
    placeholder: 'rows',
    help: 'max batch size of a model that can be batched and whose config does not say; 0 turns batching off for those',
  },
  loadParallelism: {
    kind: integer(1, 64),
    default: 2,
    group: 'Models',
    placeholder: 'models',
    help: 'models that are loaded at one time',
  },
  loadTimeoutMs: {
    kind: integer(1, MAX_MS, ' ms'),
    default: 60_000,
    group: 'Models',
    placeholder: 'ms',
    help: 'a model that takes longer to load has failed',
  },
  strictReadiness: {
    kind: flag(),
    default: false,
    group: 'Models',
    placeholder: 'true|false',
    help: 'ready only when every initial model is; otherwise once each is ready or has failed',
  },
  host: {
    kind: hosts(),
    default: ['127.0.0.1'],
    group: 'Addresses',
    placeholder: 'address',
    help: 'address to listen on (0.0.0.0 for all), or unix:/path; may be given more than once',
  },
  grpcPort: { kind: port(), default: 8001, group: 'Addresses', placeholder: 'port', help: 'gRPC; 0 takes any free port and prints it' },
  adminPort: {
    kind: port(),
    default: 8002,
    group: 'Addresses',
    placeholder: 'port',
    help: 'HTTP with /metrics, /livez and /readyz; 0 takes any free port and prints it',
  },
  transport: {
    kind: oneOf(['native', 'grpc-js']),
    default: 'native',
    group: 'Behaviour',
    placeholder: 'name',
    help: 'what carries the calls: native, our own HTTP/2, or grpc-js, which is several times slower',
  },
  frontEnds: {
    kind: oneYet(MAX_FRONT_ENDS),
    default: 1,
    group: 'Behaviour',
    placeholder: 'threads',
    help: 'threads that carry calls; batching and models are shared. Only 1 in this version',
  },
  responseCompression: {
    kind: oneOf(['none', 'low', 'medium', 'high']),
    default: 'none',
    group: 'Behaviour',
    placeholder: 'level',
    help: 'how hard answers of 1 KiB and more are compressed, for clients that accept gzip or deflate; with --transport native only',
  },
  statusCodes: {
    kind: oneOf(['grpc', 'triton']),
    default: 'grpc',
    group: 'Behaviour',
    placeholder: 'table',
    help: 'status codes of inference.GRPCInferenceService where a queue is full or a wait in it timed out: as gRPC means them, or as Triton answers',
  },
  controlPlane: {
    kind: oneOf(['local', 'on', 'off']),
    default: 'local',
    group: 'Behaviour',
    placeholder: 'access',
    help: "who may change the server's state (models, settings, shared memory): local for loopback peers and unix sockets, on for everybody, off for nobody",
  },
  grpcHeaderForwardPattern: {
    kind: headerPattern(),
    default: undefined,
    group: 'Behaviour',
    placeholder: 'regex',
    help: 'request headers of inference.GRPCInferenceService with a name that this matches become request parameters; without it none do',
  },
  reflection: {
    kind: onOff(),
    default: true,
    group: 'Behaviour',
    placeholder: 'on|off',
    help: 'lets grpcurl and its like ask which services there are',
  },
  drainGraceMs: {
    kind: integer(0, MAX_MS, ' ms'),
    default: 0,
    group: 'Behaviour',
    placeholder: 'ms',
    help: 'on SIGTERM: time between "not ready" and the last new call, for load balancers that look away slowly',
  },
  drainTimeoutMs: {
    kind: integer(0, MAX_MS, ' ms'),
    default: 30_000,
    group: 'Behaviour',
    placeholder: 'ms',
    help: 'on SIGTERM: time that the calls inside have to end',
  },
  logLevel: {
    kind: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    group: 'Behaviour',
    placeholder: 'level',
    help: 'least serious log line that is written',
  },
  // 32 full batches of 32: an instance never starves, and at the rates of small models a full house is about 0.1 s of waiting.
  // millrace_shed_total{cause="inflight"} with idle instances says that it is too small.
  maxInflight: {
    kind: integer(1, MAX_COUNT),
    default: 1024,
    group: 'Limits',
    placeholder: 'calls',
    help: 'inference calls inside at one time; more are refused with RESOURCE_EXHAUSTED',
  },
  // Four of the largest messages. What waits is held in memory: this is the share of it that a burst may take.
  maxQueuedBytes: {
    kind: integer(1, MAX_BYTES, ' bytes'),
    default: 256 * MEBIBYTE,
    group: 'Limits',
    placeholder: 'bytes',
    help: 'tensor bytes that may wait or run at one time',
  },
  maxConnections: {
    kind: integer(1, MAX_COUNT),
    default: 1024,
    group: 'Limits',
    placeholder: 'count',
    help: 'gRPC connections open at one time',
  },
  // As many as there may be in all: behind a proxy all connections have one peer. Who faces an open network sets it lower.
  maxConnectionsPerPeer: {
    kind: integer(0, MAX_COUNT),
    default: 1024,
    group: 'Limits',
    placeholder: 'count',
    help: 'gRPC connections open at one time from one peer, an IPv4 address or an IPv6 /64 network; unix sockets are exempt; 0: no cap',
  },
  maxConnectionAgeMs: {
    kind: integer(0, MAX_MS, ' ms'),
    default: 0,
    group: 'Limits',
    placeholder: 'ms',
    help: 'asks a client to reconnect after this time, which spreads clients over replicas; 0: never',
  },
  maxConnectionAgeGraceMs: {
    kind: integer(0, MAX_MS, ' ms'),
    default: 0,
    group: 'Limits',
    placeholder: 'ms',
    help: 'closes a connection so long after its client was asked to leave it, with the calls that are still on it; 0: never',
  },
  maxConnectionIdleMs: {
    kind: integer(0, MAX_MS, ' ms'),
    default: 0,
    group: 'Limits',
    placeholder: 'ms',
    help: 'asks a client to leave a connection that has had no call for this time; 0: never',
  },
  maxMessageBytes: {
    kind: integer(1024, MAX_MESSAGE_BYTES, ' bytes'),
    default: 64 * MEBIBYTE,
    group: 'Limits',
    placeholder: 'bytes',
    help: 'largest message in and out, counted after decompression',
  },
  maxTypedBytes: {
    kind: integer(0, MAX_MESSAGE_BYTES, ' bytes'),
    default: 2 * MEBIBYTE,
    group: 'Limits',
    placeholder: 'bytes',
    help: 'largest typed content of one message, in and out; raw content, far cheaper, is bounded by --max-message-bytes alone',
  },
  tlsCertFile: {
    kind: filePath(),
    default: undefined,
    group: 'TLS',
    placeholder: 'file',
    help: "the server's certificate chain (PEM); gRPC is served over TLS where it is given",
  },
  tlsKeyFile: { kind: filePath(), default: undefined, group: 'TLS', placeholder: 'file', help: "the certificate's private key (PEM)" },
  tlsClientCaFile: {
    kind: filePath(),
    default: undefined,
    group: 'TLS',
    placeholder: 'file',
    help: 'certificates (PEM) that client certificates must descend from; without it clients need none',
  },
} as const satisfies Record<string, OptionSpec<unknown>>;

export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>;

/** The values of a table's options. */
export type ValuesOf<T extends OptionTable> = {
  readonly [K in keyof T]: T[K]['kind'] extends Kind<infer V> ? V : never;
};

/** Everything that `serve` was told: complete, validated and frozen. */
export type ServeConfig = ValuesOf<typeof SERVE_OPTIONS>;

/** "grpcPort" → "--grpc-port" */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** "grpcPort" → "MILLRACE_GRPC_PORT" */
export function variableName(key: string): string {
  return `MILLRACE_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
