import type { Sampling } from './sampling.js';

/** What the standard OTEL_* variables ask for. `warnings` name each value that could not be followed. */
export type TracingSettings =
  | { readonly kind: 'off'; readonly warnings: readonly string[] }
  | { readonly kind: 'otlp'; readonly protocol: OtlpProtocol; readonly sampling: Sampling; readonly warnings: readonly string[] };

export type OtlpProtocol = 'grpc' | 'http/protobuf';

export type Environment = Readonly<Record<string, string | undefined>>;

type SamplerName = keyof typeof SAMPLERS;

/** The samplers of the specification; `ratio` undefined: OTEL_TRACES_SAMPLER_ARG says it. */
const SAMPLERS = {
  always_on: { parentBased: false, ratio: 1 },
  always_off: { parentBased: false, ratio: 0 },
  traceidratio: { parentBased: false, ratio: undefined },
  parentbased_always_on: { parentBased: true, ratio: 1 },
  parentbased_always_off: { parentBased: true, ratio: 0 },
  parentbased_traceidratio: { parentBased: true, ratio: undefined },
} as const satisfies Record<string, { parentBased: boolean; ratio: number | undefined }>;

const DEFAULT_SAMPLER = 'parentbased_always_on';
const DEFAULT_PROTOCOL = 'http/protobuf';

/** Traces are exported only where an endpoint, or OTEL_TRACES_EXPORTER=otlp, asks for it. A bad value is warned of and left out, as the specification wants. */
export function readTracingSettings(env: Environment): TracingSettings {
  const warnings: string[] = [];
  if (!isExportWanted(env, warnings)) return { kind: 'off', warnings };
  return { kind: 'otlp', protocol: readProtocol(env, warnings), sampling: readSampling(env, warnings), warnings };
}

function isExportWanted(env: Environment, warnings: string[]): boolean {
  if (read(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return false;
  const exporter = read(env, 'OTEL_TRACES_EXPORTER');
  if (exporter === 'none') return false;
  if (exporter !== undefined && exporter !== 'otlp') {
    warnings.push(`OTEL_TRACES_EXPORTER=${exporter} is not supported (otlp, none): traces are off`);
    return false;
  }
  return exporter === 'otlp' || readEither(env, 'ENDPOINT') !== undefined;
}

function readProtocol(env: Environment, warnings: string[]): OtlpProtocol {
  const protocol = readEither(env, 'PROTOCOL');
  if (protocol === 'grpc') return 'grpc';
  if (protocol !== undefined && protocol !== DEFAULT_PROTOCOL) {
    warnings.push(`OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} is not supported (grpc, http/protobuf): ${DEFAULT_PROTOCOL} is used`);
  }
  return DEFAULT_PROTOCOL;
}

function readSampling(env: Environment, warnings: string[]): Sampling {
  const { parentBased, ratio } = SAMPLERS[readSampler(env, warnings)];
  return { parentBased, ratio: ratio ?? readRatio(env, warnings) };
}

function readSampler(env: Environment, warnings: string[]): SamplerName {
  const name = read(env, 'OTEL_TRACES_SAMPLER') ?? DEFAULT_SAMPLER;
  if (isSamplerName(name)) return name;
  warnings.push(`OTEL_TRACES_SAMPLER=${name} is not supported (${Object.keys(SAMPLERS).join(', ')}): ${DEFAULT_SAMPLER} is used`);
  return DEFAULT_SAMPLER;
}

function readRatio(env: Environment, warnings: string[]): number {
  const text = read(env, 'OTEL_TRACES_SAMPLER_ARG');
  if (text === undefined) return 1;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warnings.push(`OTEL_TRACES_SAMPLER_ARG=${text} is not a share between 0 and 1: 1 is used`);
  return 1;
}

function isSamplerName(name: string): name is SamplerName {
  return Object.hasOwn(SAMPLERS, name);
}

/** A setting of the OTLP exporter: the one for traces before the one for all signals. */
function readEither(env: Environment, name: string): string | undefined {
  return read(env, `OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? read(env, `OTEL_EXPORTER_OTLP_${name}`);
}

/** An empty variable counts as absent. */
function read(env: Environment, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === undefined || text === '' ? undefined : text;
}
