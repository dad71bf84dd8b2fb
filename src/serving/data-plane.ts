import type { Span } from '@opentelemetry/api';
import type { CallContext } from '../model/call-context.js';
import { NEWEST, type VersionId, type VersionReference } from '../model/id.js';
import type { InferRequest, InferResponse, StreamOptions, StreamPiece } from '../model/infer.js';
import type { ModelSpec } from '../model/spec.js';
import { type Oversize, orderInputs, validateRequest } from '../model/validate.js';
import type { Handle } from '../registry/handle.js';
import type { Registry } from '../registry/registry.js';
import type { ModelStatistics } from '../telemetry/model-statistics.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Admission, Permit } from './admission.js';
import { selectOutputs } from './outputs.js';
import { assertOneResponse, type Servable } from './servable.js';
import { executeSplit } from './split.js';
import { streamRows } from './stream.js';

/** What a client can learn of a model: the version that serves it and its siblings. */
export interface ModelDescription {
  readonly spec: ModelSpec;
  readonly readyVersions: readonly string[];
}

/** What one ready version has done. */
export interface VersionStatistics {
  readonly id: VersionId;
  readonly statistics: ModelStatistics;
}

/** Whether the trace settings of `model` let a sampled call keep its span. */
export type KeepsSpan = (span: Span, model: string) => boolean;

/** Inference, whichever facade asks. Every rejection is a ServingError. */
export class DataPlane {
  readonly #registry: Registry<Servable>;
  readonly #admission: Admission;
  readonly #keepsSpan: KeepsSpan;

  constructor(registry: Registry<Servable>, admission: Admission, keepsSpan: KeepsSpan = () => true) {
    this.#registry = registry;
    this.#admission = admission;
    this.#keepsSpan = keepsSpan;
  }

  /** With `oversize` `split`, or where the model says so, a request of more rows than one execution takes is run in several; others are refused. */
  async infer(request: InferRequest, context: CallContext, oversize: Oversize = 'refuse'): Promise<InferResponse> {
    // try and finally where `using` would say it: compiled for Node 20, that costs objects and closures for each call.
    const handle = this.#acquire(request, context);
    let permit: Permit | undefined;
    try {
      const { servable } = handle;
      const { spec } = servable;
      assertOneResponse(spec);
      const rows = validateRequest(request, spec, spec.splitsRequests === true ? 'split' : oversize);
      const inputs = orderInputs(request, spec);
      permit = this.#admission.reserve(sizeOf(inputs));
      servable.checkInputs(inputs);
      if (spec.maxBatchSize > 0 && rows > spec.maxBatchSize) {
        return { version: spec.version, ...(await executeSplit(servable, request, inputs, rows, context)) };
      }
      const { outputs, timings } = await servable.execute(inputs, rows, request, context);
      return { version: spec.version, outputs: selectOutputs(outputs, request, spec), timings };
    } finally {
      permit?.[Symbol.dispose]();
      handle[Symbol.dispose]();
    }
  }

  /** One piece per message. The reader's pace is the stream's pace. */
  async *stream(request: InferRequest, options: StreamOptions, context: CallContext): AsyncGenerator<StreamPiece> {
    using handle = this.#acquire(request, context);
    const { servable } = handle;
    const { spec } = servable;
    const rows = validateRequest(request, spec, 'split');
    const inputs = orderInputs(request, spec);
    using _permit = this.#admission.reserve(sizeOf(inputs));
    servable.checkInputs(inputs);
    if (spec.decoupled) yield* decoupledPieces(servable, request, inputs, context);
    else if (spec.maxBatchSize === 0) yield await wholePiece(servable, request, inputs, context);
    else yield* streamRows(servable, request, inputs, rows, options, context);
  }

  /** Throws `model_not_found` or `model_not_ready`. */
  describe(model: string, version: VersionReference): ModelDescription {
    using handle = this.#registry.acquire(model, version);
    return { spec: handle.servable.spec, readyVersions: this.#registry.readyVersions(model) };
  }

  /**
   * Every ready version that is asked for; an empty `model` asks for those of all models, whatever the version, and the newest for all of the
   * model's. Throws `model_not_found` or `model_not_ready`.
   */
  statistics(model: string, version: VersionReference): VersionStatistics[] {
    if (model === '') return this.#registry.status().flatMap((status) => this.#statisticsOf(status.model, NEWEST));
    using _known = this.#registry.acquire(model, version);
    return this.#statisticsOf(model, version);
  }

  #statisticsOf(model: string, version: VersionReference): VersionStatistics[] {
    const versions = version.kind === 'newest' ? this.#registry.readyVersions(model).map(versionReference) : [version];
    return versions.map((each) => {
      using handle = this.#registry.acquire(model, each);
      return { id: handle.id, statistics: handle.servable.statistics };
    });
  }

  #acquire(request: InferRequest, context: CallContext): Handle<Servable> {
    if (context.span !== undefined && !this.#keepsSpan(context.span, request.model)) context.span = undefined;
    const handle = this.#registry.acquire(request.model, request.version);
    context.target = handle.id;
    return handle;
  }
}

function versionReference(version: string): VersionReference {
  return { kind: 'version', version };
}

/** N messages of the model's own, then one that closes: no outputs, `final`. */
async function* decoupledPieces(
  servable: Servable,
  request: InferRequest,
  inputs: readonly Tensor[],
  context: CallContext,
): AsyncGenerator<StreamPiece> {
  const { spec } = servable;
  for await (const { outputs } of servable.stream(inputs, context)) {
    yield ownPiece(spec.version, selectOutputs(outputs, request, spec), false);
  }
  yield ownPiece(spec.version, [], true);
}

function ownPiece(version: string, outputs: readonly Tensor[], final: boolean): StreamPiece {
  return { version, rowOffset: 0, rowCount: 0, outputs, error: undefined, timings: undefined, final };
}

/** An unbatched model has no rows to cut: one message with all of it. */
async function wholePiece(
  servable: Servable,
  request: InferRequest,
  inputs: readonly Tensor[],
  context: CallContext,
): Promise<StreamPiece> {
  const { outputs, timings } = await servable.execute(inputs, 1, request, context);
  const { version } = servable.spec;
  return {
    version,
    rowOffset: 0,
    rowCount: 0,
    outputs: selectOutputs(outputs, request, servable.spec),
    error: undefined,
    timings,
    final: true,
  };
}

function sizeOf(inputs: readonly Tensor[]): number {
  let bytes = 0;
  for (const { data } of inputs) bytes += data.length;
  return bytes;
}
