import type { Datatype } from '../tensor/datatype.js';
import type { ShapePattern } from '../tensor/shape.js';

/** An input or output as one request sees it. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  /** Without the batch axis where the model is batched; -1 is an axis of any size. */
  readonly dims: ShapePattern;
}

/** What a model file (or a built-in backend) says of itself: whole shapes, the batch axis included. */
export interface ModelSignature {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
}

export interface TensorSignature {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: ShapePattern;
}

/** An input or output as config.pbtxt has it; undefined is what its author left to the model file. */
export interface TensorSettings {
  readonly name: string;
  readonly datatype: Datatype | undefined;
  /** Without the batch axis where the model is batched. */
  readonly dims: ShapePattern | undefined;
}

/** How long an entry may wait for an instance, and what becomes of it then. */
export interface QueueTimeout {
  /** `reject`: it is refused and never runs. `delay`: it goes behind all of its level that are in time, and stays there. */
  readonly action: 'reject' | 'delay';
  /** 0: only the request's own limits it. */
  readonly defaultMs: number;
  /** Whether a request may ask for a shorter wait. */
  readonly allowOverride: boolean;
}

/** Bounds of a queue, or of one priority level of it. Triton's ModelQueuePolicy. */
export interface QueuePolicy {
  /** Entries that may wait; 0: bounded by admission alone. */
  readonly maxQueueSize: number;
  /** Absent where nobody's wait is limited. */
  readonly timeout?: QueueTimeout | undefined;
}

/** Priority levels, of which 1 is served first. */
export interface PrioritySpec {
  readonly levels: number;
  /** The level of a request that asks for none of them. */
  readonly defaultLevel: number;
  /** Bounds of single levels; the others have the model's own. */
  readonly policies: ReadonlyMap<number, QueuePolicy>;
}

/** When a batch closes, and who waits how. Triton's dynamic_batching; its queue policy is the one of every level without its own. */
export interface BatchingSpec extends QueuePolicy {
  /** Ascending; empty: any size up to the model's maximum is as good. */
  readonly preferredBatchSizes: readonly number[];
  /** How long the oldest entry may wait for company once an instance is free. */
  readonly maxQueueDelayMs: number;
  /** Absent: all requests are equal, whatever they ask for. */
  readonly priorities?: PrioritySpec | undefined;
  /** Whether what runs give leaves in the order in which the requests came. */
  readonly preserveOrdering?: boolean;
}

/** config.pbtxt in our own words: only what the author wrote, nothing completed. */
export interface ModelSettings {
  readonly backend: string;
  /** 0 where absent, as in protobuf. */
  readonly maxBatchSize: number;
  readonly inputs: readonly TensorSettings[];
  readonly outputs: readonly TensorSettings[];
  readonly batching: BatchingSpec;
  readonly instanceCount: number;
  readonly decoupled: boolean;
  readonly versionPolicy: VersionPolicy;
  /** The plain name of a file in the version's directory: never a path, which could lead out of it. */
  readonly modelFilename: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** Fields that are there but have no effect here, each said in a sentence that names it. */
  readonly warnings: readonly string[];
}

export type VersionPolicy =
  | { readonly kind: 'latest'; readonly count: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'specific'; readonly versions: readonly string[] };

/** The validated, complete and frozen description of one model version. */
export interface ModelSpec {
  readonly model: string;
  readonly version: string;
  readonly backend: string;
  /** Rows that one execution may have; 0: the model has no batch axis and each request is one execution. */
  readonly maxBatchSize: number;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly batching: BatchingSpec;
  /** Whether requests may share an execution; false for an unbatched model and where the author turned batching off. */
  readonly sharesBatches: boolean;
  readonly instanceCount: number;
  /** Answers a request with any number of responses; only streams can carry it. */
  readonly decoupled: boolean;
  readonly parameters: ReadonlyMap<string, string>;
}
