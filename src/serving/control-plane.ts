import { abortable } from '../backend/abort.js';
import { quote } from '../error/quote.js';
import { invalidRequest, ServingError } from '../error/serving-error.js';
import type { CancelSignal } from '../model/cancel-signal.js';
import type { LoadOverrides } from '../model/load-overrides.js';
import { modelNotFound } from '../registry/refusal.js';
import type { Registry } from '../registry/registry.js';
import type { AspiredModel, Overrides, Source } from '../registry/source.js';
import type { VersionStateKind } from '../registry/state.js';
import type { ModelStatus, VersionStatus } from '../registry/status.js';
import { assertMayControl, type ControlAccess, type Requester } from './control-guard.js';
import { LoadTurns } from './load-turns.js';
import type { Servable } from './servable.js';

export interface ControlPlaneParts {
  readonly registry: Registry<Servable>;
  readonly source: Source;
  readonly overrides: Overrides;
  readonly access: ControlAccess;
  /** `--model-control-mode explicit`: callers say which models are loaded. */
  readonly explicit: boolean;
  /** Told what a model's directory says, each time that one is to be loaded. */
  readonly onAspired: (aspired: AspiredModel) => void;
  /** Aborts when the server closes. A load outlives the call that asked for it, but not the server. */
  readonly closing: AbortSignal;
}

/** Who asks, and for how long. Structurally a call of grpc/call.ts. */
export interface ControlCall {
  readonly peer: Requester;
  readonly signal: CancelSignal;
}

export type IndexState = 'ready' | 'loading' | 'unloading' | 'unavailable';

/** One version of a model, or a model of which no version is known. */
export interface IndexEntry {
  readonly model: string;
  /** Empty where no version is known. */
  readonly version: string;
  readonly state: IndexState;
  /** Why it is unavailable; else empty. */
  readonly reason: string;
}

const INDEX_STATES = {
  new: 'loading',
  loading: 'loading',
  ready: 'ready',
  draining: 'unloading',
  unloading: 'unloading',
  gone: 'unavailable',
  failed: 'unavailable',
} as const satisfies Record<VersionStateKind, IndexState>;

/** No file system has longer names. */
const MAX_NAME_BYTES = 255;
/** The mode changes only with a restart of the server. */
const MODE_RETRY_MS = 30_000;

/** Which models there are and which of them are loaded, whichever facade asks. Every rejection is a ServingError. */
export class ControlPlane {
  readonly #parts: ControlPlaneParts;
  readonly #turns = new LoadTurns();

  constructor(parts: ControlPlaneParts) {
    this.#parts = parts;
  }

  /** Every model that is known or lies in a repository, by name, its versions ascending; open to everybody. */
  async index({ readyOnly }: { readonly readyOnly: boolean }, signal: CancelSignal): Promise<IndexEntry[]> {
    const names = await abortable(this.#parts.source.names(signal.abortSignal), signal.abortSignal, () => undefined);
    const known = new Map(this.#parts.registry.status().map((status) => [status.model, status]));
    const models = [...new Set([...names, ...known.keys()])].sort();
    const entries = models.flatMap((model) => indexModel(model, known.get(model)));
    return readyOnly ? entries.filter(({ state }) => state === 'ready') : entries;
  }

  /**
   * Reads the model's directory and loads every version that its policy names, anew where it is loaded already; what serves goes on serving
   * until all of them are ready, and for good where one fails. Resolves once all are ready. Callers that ask while such a load of the model is
   * under way share it, and one that goes away leaves it to the others. Rejects with `model_not_found` for a model that no repository has, and
   * with `load_failed`.
   */
  load(model: string, call: ControlCall): Promise<void> {
    return this.#control(model, call, () => this.#turns.share(model, () => this.#load(model), call.signal));
  }

  /**
   * The same of the model as the caller wants it, once the loads of it that were asked for before have ended. It stays so until the model is
   * loaded again. With files of the caller's own no repository needs to have it. Overrides that cannot be read change nothing. Rejects with
   * `invalid_request` for files that would lie elsewhere, and with `overloaded`.
   */
  loadWith(model: string, overrides: LoadOverrides, call: ControlCall): Promise<void> {
    return this.#control(model, call, () => this.#turns.own(model, () => this.#loadWith(model, overrides), call.signal));
  }

  /** Lends nothing more of the model and resolves at once, while what is in it is answered. Not an error where nothing is loaded. */
  unload(model: string, call: ControlCall): Promise<void> {
    return this.#control(model, call, () => {
      this.#parts.registry.retire(model);
      return Promise.resolve();
    });
  }

  /** Whether the caller may load and unload at all; for facades that have more to say of a message. Throws `permission_denied`. */
  authorize({ peer }: ControlCall): void {
    assertMayControl(this.#parts.access, peer);
    if (!this.#parts.explicit) throw notExplicit();
  }

  async #control(model: string, call: ControlCall, act: () => Promise<void>): Promise<void> {
    this.authorize(call);
    assertModelName(model);
    await act();
  }

  async #load(model: string): Promise<void> {
    const aspired = await this.#parts.source.find(model, this.#parts.closing);
    if (aspired === undefined) throw modelNotFound(model);
    await this.#renew(aspired);
  }

  async #loadWith(model: string, overrides: LoadOverrides): Promise<void> {
    await using overridden = await this.#parts.overrides.override(model, overrides, this.#parts.closing);
    if (overridden === undefined) throw modelNotFound(model);
    const { aspired } = overridden;
    if ('error' in aspired) throw loadFailed(model, [textOf(model, aspired.error)], aspired.error);
    await this.#renew(aspired);
  }

  async #renew(aspired: AspiredModel): Promise<void> {
    const { registry, onAspired } = this.#parts;
    const { model } = aspired;
    onAspired(aspired);
    const statuses = await registry.renew(aspired);
    const problems = 'error' in aspired ? [textOf(model, aspired.error)] : statuses.flatMap((status) => problemOf(status));
    if (problems.length > 0) throw loadFailed(model, problems, causeOf(aspired, statuses));
  }
}

function indexModel(model: string, status: ModelStatus | undefined): IndexEntry[] {
  if (status === undefined) return [{ model, version: '', state: 'unavailable', reason: 'not loaded' }];
  const { reason, versions } = status;
  if (versions.length === 0) return [{ model, version: '', state: 'unavailable', reason: reason?.message ?? 'unloaded' }];
  return versions.map(({ id, state, reason: why }) => ({
    model,
    version: id.version,
    state: INDEX_STATES[state],
    reason: why?.message ?? '',
  }));
}

/** The model's name is only ever compared with names of directories; this is for the caller to hear of it. */
function assertModelName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > 0 && bytes <= MAX_NAME_BYTES && !name.startsWith('.') && !/[/\\\0]/.test(name)) return;
  throw invalidRequest(
    `invalid model name ${quote(name)}: it must have 1 to ${MAX_NAME_BYTES} bytes and must not contain path traversal characters`,
  );
}

function problemOf({ id: { model, version }, state, reason }: VersionStatus): string[] {
  if (state === 'ready') return [];
  return [`version ${version}: ${reason === undefined ? 'it was unloaded while it was loading' : textOf(model, reason)}`];
}

/** Loaders begin with the same words as the answer does. */
function textOf(model: string, { code, message }: ServingError): string {
  if (code === 'internal') return 'internal error';
  const prefix = failurePrefix(model);
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

function causeOf(aspired: AspiredModel, statuses: readonly VersionStatus[]): ServingError | undefined {
  return 'error' in aspired ? aspired.error : statuses.find(({ reason }) => reason !== undefined)?.reason;
}

function loadFailed(model: string, problems: readonly string[], cause: ServingError | undefined): ServingError {
  return new ServingError('load_failed', `${failurePrefix(model)}${problems.join('; ')}`, undefined, cause);
}

function failurePrefix(model: string): string {
  return `load failed for model ${quote(model)}: `;
}

function notExplicit(): ServingError {
  return new ServingError(
    'backend_unavailable',
    'explicit model load / unload is not allowed if polling is enabled (it takes --model-control-mode explicit)',
    { retryAfterMs: MODE_RETRY_MS },
  );
}
