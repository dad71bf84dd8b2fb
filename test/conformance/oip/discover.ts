import { difference, outputsOf } from './answer.js';
import { isDatatype } from './datatype.js';
import type { Ground } from './ground.js';
import type {
  IndexEntry,
  InferRequest,
  InferResponse,
  ModelConfig,
  ModelMetadata,
  ServerMetadata,
  StreamResponse,
  TensorMetadata,
} from './messages.js';
import { describeReply, type Reply } from './reply.js';
import { type DecoupledModel, type ListedModel, rawRequest, type Subject, sampleInputs, type TensorSlot } from './subject.js';
import type { Target } from './target.js';
import { elementCount, type Tensor } from './tensor.js';

export interface DiscoverOptions {
  /** Empty: what RepositoryIndex lists as ready. */
  readonly models: readonly string[];
  readonly seed: number;
  readonly mayControl: boolean;
}

/** After this many models that do not answer at all the others are not tried: each would cost the whole patience. */
const MAX_HUNG = 2;

/** Finds out what the checks need to know. Never fails: what is not there is left out. */
export async function discover(target: Target, { models: named, seed, mayControl }: DiscoverOptions): Promise<Ground> {
  const server = await target.ask<ServerMetadata>('ServerMetadata', {});
  const metadata = server.ok ? server.message : undefined;
  const names = named.length > 0 ? named : await indexedModels(target);
  const models: ListedModel[] = [];
  for (const name of names) models.push({ name, metadata: await target.ask<ModelMetadata>('ModelMetadata', { name }) });
  const found = await probeAll(target, models, seed);
  return {
    target,
    seed,
    mayControl,
    metadata,
    extensions: new Set(metadata?.extensions ?? []),
    models,
    ...found,
    streams: await servesStreams(target),
  };
}

async function indexedModels(target: Target): Promise<string[]> {
  const index = await target.ask<{ models: readonly IndexEntry[] }>('RepositoryIndex', { ready: true });
  return index.ok ? [...new Set(index.message.models.map(({ name }) => name))].sort() : [];
}

/** A stream with no request at all ends OK where the RPC is there. */
async function servesStreams(target: Target): Promise<boolean> {
  const conversation = target.converse<StreamResponse>('ModelStreamInfer');
  return conversation.finish().then(
    () => true,
    () => !/^UNIMPLEMENTED/.test(conversation.outcome()),
  );
}

type Found = { subjects: Subject[]; decoupled: DecoupledModel[]; unusable: { name: string; why: string }[] };

async function probeAll(target: Target, models: readonly ListedModel[], seed: number): Promise<Found> {
  const found: Found = { subjects: [], decoupled: [], unusable: [] };
  let hung = 0;
  for (const { name, metadata } of models) {
    const probed =
      hung < MAX_HUNG ? await probe(target, name, metadata, seed) : { kind: 'unusable' as const, why: 'not tried: others hang' };
    if (probed.kind === 'subject') found.subjects.push(probed.subject);
    else if (probed.kind === 'decoupled') found.decoupled.push(probed.model);
    else found.unusable.push({ name, why: probed.why });
    if (probed.kind === 'unusable' && probed.hung === true) hung += 1;
  }
  return found;
}

type Probed =
  | { readonly kind: 'subject'; readonly subject: Subject }
  | { readonly kind: 'decoupled'; readonly model: DecoupledModel }
  | { readonly kind: 'unusable'; readonly why: string; readonly hung?: boolean };

async function probe(target: Target, name: string, metadata: Reply<ModelMetadata>, seed: number): Promise<Probed> {
  if (!metadata.ok) return { kind: 'unusable', why: `ModelMetadata: ${describeReply(metadata)}`, hung: metadata.hung };
  const { versions } = metadata.message;
  const [inputs, outputs] = [slotsOf(metadata.message.inputs), slotsOf(metadata.message.outputs)];
  if (inputs === undefined || outputs === undefined) return { kind: 'unusable', why: 'a datatype in its metadata is none' };
  const config = await configOf(target, name);
  if (config?.model_transaction_policy?.decoupled === true) return { kind: 'decoupled', model: { name, inputs, variable: 2 } };
  const sizes = await findSizes(target, name, inputs, seed);
  if (sizes.kind === 'unusable') return sizes;
  if (sizes.kind === 'decoupled') return { kind: 'decoupled', model: { name, inputs, variable: 2 } };
  return { kind: 'subject', subject: await learn(target, { name, versions, inputs, outputs, config, ...sizes.sizes }, seed) };
}

function slotsOf(tensors: readonly TensorMetadata[]): TensorSlot[] | undefined {
  const slots = tensors.flatMap(({ name, datatype, shape }) =>
    isDatatype(datatype) ? [{ name, datatype, shape: shape.map(Number) }] : [],
  );
  return slots.length === tensors.length ? slots : undefined;
}

async function configOf(target: Target, name: string): Promise<ModelConfig | undefined> {
  const reply = await target.ask<{ config: ModelConfig | null }>('ModelConfig', { name });
  return reply.ok ? (reply.message.config ?? undefined) : undefined;
}

type Sizes = Pick<Subject, 'variable' | 'leading'>;

type FoundSizes =
  | { readonly kind: 'sizes'; readonly sizes: Sizes }
  | { readonly kind: 'decoupled' }
  | Extract<Probed, { kind: 'unusable' }>;

/** In this order: one row of 2 values, one row of 1, then 2 on every variable axis. */
const SIZES: readonly Sizes[] = [
  { leading: true, variable: 2 },
  { leading: true, variable: 1 },
  { leading: false, variable: 2 },
];

/** Sizes of the variable dimensions that the model takes. */
async function findSizes(target: Target, name: string, inputs: readonly TensorSlot[], seed: number): Promise<FoundSizes> {
  let why = 'nothing';
  for (const sizes of SIZES) {
    const reply = await target.ask('ModelInfer', rawRequest(name, sampleInputs({ inputs, ...sizes }, { seed })));
    if (reply.ok) return { kind: 'sizes', sizes };
    why = describeReply(reply);
    if (reply.hung) return { kind: 'unusable', why, hung: true };
    if (/decoupled/i.test(reply.text)) return { kind: 'decoupled' };
  }
  return { kind: 'unusable', why };
}

type Known = Omit<Subject, 'batched' | 'echo' | 'repeatable'>;

/** What the model's answers tell of it. */
async function learn(target: Target, known: Known, seed: number): Promise<Subject> {
  const batched = await isBatched(target, known, seed);
  const sized = batched ? known : await withMoreValues(target, known, seed);
  const ask = (request: InferRequest) => target.ask<InferResponse>('ModelInfer', request);
  const mild = rawRequest(sized.name, sampleInputs(sized, { seed }));
  const [first, again] = [await ask(mild), await ask(mild)];
  const inputs = sampleInputs(sized, { seed: seed + 1, spread: 'wide' });
  const wide = await ask(rawRequest(sized.name, inputs));
  const echo = wide.ok && isEcho(inputs, outputsOf(wide.message));
  const repeatable = first.ok && again.ok && difference(outputsOf(first.message), outputsOf(again.message)) === undefined;
  return { ...sized, batched, echo, repeatable };
}

/** Where axis 0 is no row count, 2 values along it tell more than 1. */
async function withMoreValues(target: Target, known: Known, seed: number): Promise<Known> {
  const more = { ...known, leading: false, variable: 2 };
  const reply = await target.ask('ModelInfer', rawRequest(known.name, sampleInputs(more, { seed })));
  return reply.ok ? more : known;
}

function isEcho(inputs: readonly Tensor[], outputs: readonly Tensor[]): boolean {
  const same = (input: Tensor, at: number) => input.datatype === outputs[at]?.datatype && input.raw.equals(outputs[at].raw);
  return inputs.length > 0 && inputs.length === outputs.length && inputs.every(same);
}

/** Whether rows go in and come out along axis 0. A configuration says so; without one the answers do. */
async function isBatched(target: Target, known: Known, seed: number): Promise<boolean> {
  const { name, inputs, outputs, config } = known;
  if (config !== undefined && config.max_batch_size < 2) return false;
  if (!known.leading || ![...inputs, ...outputs].every(({ shape }) => shape[0] === -1)) return false;
  for (const rows of [1, 2]) {
    const reply = await target.ask<InferResponse>('ModelInfer', rawRequest(name, sampleInputs(known, { seed, rows })));
    const shapes = reply.ok ? outputsOf(reply.message).map(({ shape }) => shape) : [];
    if (shapes.length === 0 || !shapes.every((shape) => shape[0] === rows && elementCount(shape) > 0)) return false;
  }
  return true;
}
