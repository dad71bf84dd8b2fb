import type { ServeConfig } from './options.js';

const NO_REST = 'there is no HTTP/REST facade here; clients call gRPC on --grpc-port';
const NO_COUNTERPART = 'it has no counterpart here';
const ONE_METRICS = 'metrics are always on, at /metrics on --admin-port';
const TRACES = 'traces are set with the standard OTEL_* variables, such as OTEL_EXPORTER_OTLP_ENDPOINT';
const LOGS = 'use --log-level debug, info, warn, error or silent';
const PER_MODEL = 'it is set for each model in its config.pbtxt, where it is needed at all';
const KEEPALIVE = 'keep-alive is not configurable here; connections are bounded by --max-connections and --max-connection-age-ms';
const COMPLETED = 'models without a config are always completed from the model file';
const NO_CLOUD = 'there is no such endpoint here; use the gRPC facades on --grpc-port';
const NO_DEVICE_MEMORY = 'no device memory is managed here';

/** The options of Triton's server that `serve` has not under the same name, each with its counterpart here, or that there is none. */
const COUNTERPARTS: Readonly<Record<string, string>> = {
  '--model-store': 'use --model-repository',
  '--id': 'use OTEL_SERVICE_NAME for traces; there is no other server name',
  '--strict-model-config': COMPLETED,
  '--disable-auto-complete-config': COMPLETED,
  '--model-load-thread-count': 'use --load-parallelism',
  '--model-load-retry-count': NO_COUNTERPART,
  '--model-load-gpu-limit': NO_DEVICE_MEMORY,
  '--model-namespacing': NO_COUNTERPART,
  '--exit-on-error':
    'a model that fails to load does not keep others from serving; use --strict-readiness, or millrace check before the start',
  '--exit-timeout-secs': 'use --drain-timeout-ms, in milliseconds',
  '--allow-http': NO_REST,
  '--http-port': NO_REST,
  '--http-address': NO_REST,
  '--reuse-http-port': NO_REST,
  '--http-thread-count': NO_REST,
  '--http-header-forward-pattern': NO_REST,
  '--http-restricted-api': NO_REST,
  '--allow-grpc': 'gRPC is always on, at --grpc-port',
  '--grpc-address': 'use --host',
  '--reuse-grpc-port': NO_COUNTERPART,
  '--grpc-infer-thread-count': NO_COUNTERPART,
  '--grpc-infer-allocation-pool-size': 'there is no such pool here; use --max-inflight to bound the calls inside',
  '--grpc-max-response-pool-size': 'there is no such pool here; a slow reader of a stream holds back its own rows only',
  '--grpc-use-ssl': 'use --tls-cert-file and --tls-key-file',
  '--grpc-use-ssl-mutual': 'use --tls-client-ca-file beside --tls-cert-file and --tls-key-file',
  '--grpc-server-cert': 'use --tls-cert-file',
  '--grpc-server-key': 'use --tls-key-file',
  '--grpc-root-cert': 'use --tls-client-ca-file',
  '--grpc-infer-response-compression-level': 'use --response-compression',
  '--grpc-keepalive-time': KEEPALIVE,
  '--grpc-keepalive-timeout': KEEPALIVE,
  '--grpc-keepalive-permit-without-calls': KEEPALIVE,
  '--grpc-http2-max-pings-without-data': KEEPALIVE,
  '--grpc-http2-min-recv-ping-interval-without-data': KEEPALIVE,
  '--grpc-http2-max-ping-strikes': KEEPALIVE,
  '--grpc-max-connection-age': 'use --max-connection-age-ms, in milliseconds',
  '--grpc-max-connection-age-grace': 'use --max-connection-age-grace-ms, in milliseconds',
  '--grpc-restricted-protocol': NO_COUNTERPART,
  '--allow-metrics': ONE_METRICS,
  '--allow-gpu-metrics': ONE_METRICS,
  '--allow-cpu-metrics': ONE_METRICS,
  '--metrics-port': 'use --admin-port',
  '--metrics-address': 'use --host',
  '--metrics-interval-ms': 'metrics are read at the moment of each scrape',
  '--metrics-config': ONE_METRICS,
  '--trace-config': TRACES,
  '--trace-file': TRACES,
  '--trace-level': TRACES,
  '--trace-rate': TRACES,
  '--trace-count': TRACES,
  '--trace-log-frequency': TRACES,
  '--log-verbose': LOGS,
  '--log-info': LOGS,
  '--log-warning': LOGS,
  '--log-error': LOGS,
  '--log-format': 'logs are JSON lines, and readable ones on a terminal',
  '--log-file': 'logs go to stderr; redirect it',
  '--backend-directory': 'backends are built in',
  '--backend-config': PER_MODEL,
  '--host-policy': PER_MODEL,
  '--cache-directory': 'there is no response cache here',
  '--cache-config': 'there is no response cache here',
  '--response-cache-byte-size': 'there is no response cache here',
  '--repoagent-directory': NO_COUNTERPART,
  '--rate-limit': 'use --max-inflight and --max-queued-bytes',
  '--rate-limit-resource': 'use --max-inflight and --max-queued-bytes',
  '--buffer-manager-thread-count': NO_COUNTERPART,
  '--pinned-memory-pool-byte-size': NO_DEVICE_MEMORY,
  '--cuda-memory-pool-byte-size': NO_DEVICE_MEMORY,
  '--cuda-virtual-address-size': NO_DEVICE_MEMORY,
  '--min-supported-compute-capability': NO_DEVICE_MEMORY,
  '--enable-peer-access': NO_DEVICE_MEMORY,
  '--allow-sagemaker': NO_CLOUD,
  '--sagemaker-port': NO_CLOUD,
  '--sagemaker-safe-port-range': NO_CLOUD,
  '--sagemaker-thread-count': NO_CLOUD,
  '--allow-vertex-ai': NO_CLOUD,
  '--vertex-ai-port': NO_CLOUD,
  '--vertex-ai-thread-count': NO_CLOUD,
  '--vertex-ai-default-model': NO_CLOUD,
};

/** Flags of Triton's that are taken as they are: values of one name mean the same. Only flags: no variable and no YAML key of Triton's has such a name. */
export const TRITON_SYNONYMS = {
  '--grpc-infer-response-compression-level': 'responseCompression',
} as const satisfies Record<string, keyof ServeConfig>;

/** What to use here in place of an option of Triton's server; undefined for a name that is none. */
export function answerTritonFlag(flag: string): string | undefined {
  return Object.hasOwn(COUNTERPARTS, flag) ? COUNTERPARTS[flag] : undefined;
}
