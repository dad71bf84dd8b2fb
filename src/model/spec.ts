import type { Datatype } from '../tensor/datatype.js';
import type { ShapePattern } from '../tensor/shape.js';

/** An input or output as one request sees it. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  /** Without the batch axis where the model is batched; -1 is an axis of any size. */
  readonly dims: ShapePattern;
  /** What the model itself takes or gives in place of `dims`, of as many elements: Triton's reshape. Absent where it is the same. */
  readonly modelDims?: ShapePattern | undefined;
  /** Whether a request may leave this input out. */
  readonly optional?: boolean | undefined;
  /** What the indices of this output's classes are called, from the author's label file; absent where there is none. */
  readonly labels?: readonly string[] | undefined;
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
  /** The model's own shape where requests see another, likewise without the batch axis. */
  readonly reshape?: ShapePattern | undefined;
  /** An input that requests may leave out. */
  readonly optional?: boolean | undefined;
  /** A file of an output's class names, one a line, relative to the model's directory. */
  readonly labelFilename?: string | undefined;
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

/** An axis along which requests of a model may differ: what is shorter is padded to the longest of its batch. */
export interface PaddedAxis {
  /** Of `dims`: the batch axis is not counted. */
  readonly axis: number;
}

export interface PaddedInput extends PaddedAxis {
  /** What the padding holds, as a number of the input's datatype. */
  readonly value: number;
}

/** Which tensors of a model are padded so that requests of different lengths share a batch. A request has one length, that of all its padded axes. */
export interface PaddingSpec {
  readonly inputs: ReadonlyMap<string, PaddedInput>;
  /** Outputs whose axis has the batch's length: each request gets back its own. */
  readonly outputs: ReadonlyMap<string, PaddedAxis>;
  /** One of `inputs` that requests may leave out: then it is made, 1 where there is something and 0 where there is padding. */
  readonly mask?: string | undefined;
}

/** When a batch closes, and who waits how. Triton's dynamic_batching; its queue policy is the one of every level without its own. */
export interface BatchingSpec extends QueuePolicy {
  /** `fixed`: delay and preferred sizes rule, as in Triton. `learned`: what the instances take for a batch, as far as it is known by now. Absent: learned. */
  readonly mode?: 'fixed' | 'learned';
  /** Learned batches are kept so small that waiting for one and being in the next is over within it; absent or 0: no such limit. */
  readonly latencyTargetMs?: number;
  /** Bounds rows times padded length of one batch; absent or 0: nothing but the rows is bounded. */
  readonly maxBatchCost?: number;
  /** Absent: requests of different shapes never share a batch. */
  readonly padding?: PaddingSpec | undefined;
  /** Batches that an instance is given at a time: one runs and the others are at hand when it ends. Absent: 2. */
  readonly pipelineDepth?: number;
  /** Ascending; empty: any size up to the model's maximum is as good. */
  readonly preferredBatchSizes: readonly number[];
  /** How long the oldest entry may wait for company once an instance is free. */
  readonly maxQueueDelayMs: number;
  /** Absent: all requests are equal, whatever they ask for. */
  readonly priorities?: PrioritySpec | undefined;
  /** Whether what runs give leaves in the order in which the requests came. */
  readonly preserveOrdering?: boolean;
}

/** How the runtime runs a model. Triton's optimization and the parameters of its ONNX Runtime backend. */
export interface RuntimeSettings {
  readonly graphOptimization: 'disabled' | 'basic' | 'extended' | 'all';
  /** Whether branches of the graph may run at the same time. */
  readonly executionMode: 'sequential' | 'parallel';
  /** Threads within one operator; 0: as many as the machine has cores. */
  readonly intraOpThreads: number;
  /** Operators at the same time, where the mode is parallel; 0 as above. */
  readonly interOpThreads: number;
  /** Whether memory of earlier runs is kept for later ones. */
  readonly memoryArena: boolean;
  /** Whether a run's memory is planned from earlier runs with the same shapes. */
  readonly memoryPattern: boolean;
  /** Whether the model's constants are kept out of the arena. */
  readonly initializersOutsideArena: boolean;
}

/** Where the data of a warm-up input comes from; a file is relative to the model's directory `warmup`. */
export type WarmupData = { readonly kind: 'zero' } | { readonly kind: 'random' } | { readonly kind: 'file'; readonly name: string };

export interface WarmupInput {
  readonly name: string;
  readonly datatype: Datatype;
  /** Without the batch axis where the model is batched. */
  readonly dims: readonly number[];
  readonly data: WarmupData;
}

/** Runs that each instance does before it serves. Triton's ModelWarmup. */
export interface WarmupSettings {
  readonly name: string;
  /** Rows of one run, all alike; 1 where the model has no batch axis. */
  readonly batchSize: number;
  /** How many runs. */
  readonly count: number;
  readonly inputs: readonly WarmupInput[];
}

/** config.pbtxt in our own words: only what the author wrote, nothing completed. */
export interface ModelSettings {
  readonly backend: string;
  /** 0 where absent, as in protobuf. */
  readonly maxBatchSize: number;
  readonly inputs: readonly TensorSettings[];
  readonly outputs: readonly TensorSettings[];
  readonly batching: BatchingSpec;
  /** As in ModelSpec; absent where the author says nothing of it. */
  readonly splitsRequests?: boolean;
  readonly refusesNonFinite?: boolean;
  readonly instanceCount: number;
  readonly decoupled: boolean;
  readonly versionPolicy: VersionPolicy;
  /** The plain name of a file in the version's directory: never a path, which could lead out of it. */
  readonly modelFilename: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly runtime: RuntimeSettings;
  readonly warmups: readonly WarmupSettings[];
  /** Labels that the author gives to the model's `nv_inference_*` metrics. */
  readonly metricTags: ReadonlyMap<string, string>;
  /** The author's inference.ModelConfig, serialised, for whoever shows the whole of it; empty where there is none. */
  readonly authored: Uint8Array;
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
  /** Whether requests of more rows than max batch size are cut into several executions on every facade; millrace.v1 always does so. */
  readonly splitsRequests?: boolean;
  /** Whether inputs with NaN or an infinity are refused. */
  readonly refusesNonFinite?: boolean;
  /** Whether requests may share an execution; false for an unbatched model and where the author turned batching off. */
  readonly sharesBatches: boolean;
  readonly instanceCount: number;
  /** Answers a request with any number of responses; only streams can carry it. */
  readonly decoupled: boolean;
  readonly parameters: ReadonlyMap<string, string>;
  readonly metricTags: ReadonlyMap<string, string>;
  /** As in ModelSettings. */
  readonly authored: Uint8Array;
}
