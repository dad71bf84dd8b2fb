import { abortable } from '../backend/abort.js';
import { ServingError } from '../error/serving-error.js';
import type { CancelSignal } from '../model/cancel-signal.js';

type Load = () => Promise<void>;

interface Turn {
  readonly load: Load;
  /** Whether it is the same load for all who ask for it. */
  readonly shared: boolean;
  /** Settles as the load does. */
  readonly ended: Promise<void>;
  readonly settle: (outcome: Promise<void>) => void;
}

/** Each may hold a whole message of files, and few models change at once. */
const MAX_OWN_LOADS = 8;
/** Loads take seconds. */
const BUSY_RETRY_MS = 1_000;

/** Has the loads of one model done one after the other, in the order in which they were asked for. Those of other models do not wait for them. */
export class LoadTurns {
  /** By model; the first one of each is under way. */
  readonly #turns = new Map<string, Turn[]>();
  #own = 0;

  /** The load that is last in the model's order, where that is shared too; else a new one. A caller who goes away leaves it to the others. */
  share(model: string, load: Load, { abortSignal }: CancelSignal): Promise<void> {
    const last = this.#turns.get(model)?.at(-1);
    const turn = last?.shared === true ? last : this.#add(model, load, true);
    return abortable(turn.ended, abortSignal, () => undefined);
  }

  /**
   * A load that is the caller's alone. It never begins where he goes away before its turn; once begun it goes on without him. Rejects with
   * `overloaded` while too many such loads are under way or wait, of whatever models.
   */
  async own(model: string, load: Load, { reason, abortSignal }: CancelSignal): Promise<void> {
    if (reason !== undefined) throw reason;
    if (this.#own >= MAX_OWN_LOADS) throw tooMany();
    this.#own += 1;
    const turn = this.#add(model, load, false);
    const remove = () => this.#remove(model, turn);
    abortSignal.addEventListener('abort', remove, { once: true });
    try {
      await abortable(turn.ended, abortSignal, () => undefined);
    } finally {
      abortSignal.removeEventListener('abort', remove);
    }
  }

  #add(model: string, load: Load, shared: boolean): Turn {
    const turn = createTurn(load, shared);
    const turns = this.#turns.get(model);
    if (turns !== undefined) turns.push(turn);
    else {
      this.#turns.set(model, [turn]);
      void this.#takeTurns(model, turn);
    }
    return turn;
  }

  async #takeTurns(model: string, first: Turn): Promise<void> {
    for (let turn: Turn | undefined = first; turn !== undefined; turn = this.#next(model)) {
      const outcome = turn.load();
      turn.settle(outcome);
      await Promise.allSettled([outcome]);
      if (!turn.shared) this.#own -= 1;
    }
  }

  /** Ends the turn that was under way. */
  #next(model: string): Turn | undefined {
    const turns = this.#turns.get(model);
    turns?.shift();
    if (turns?.length === 0) this.#turns.delete(model);
    return turns?.[0];
  }

  /** Nothing where it has begun. */
  #remove(model: string, turn: Turn): void {
    const turns = this.#turns.get(model) ?? [];
    const at = turns.indexOf(turn);
    if (at < 1) return;
    turns.splice(at, 1);
    this.#own -= 1;
  }
}

function createTurn(load: Load, shared: boolean): Turn {
  let settle: Turn['settle'] = () => undefined;
  const ended = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { load, shared, ended, settle };
}

function tooMany(): ServingError {
  const text = `${MAX_OWN_LOADS} loads with overrides are under way or wait, which is as many as there may be`;
  return new ServingError('overloaded', text, { retryAfterMs: BUSY_RETRY_MS });
}
