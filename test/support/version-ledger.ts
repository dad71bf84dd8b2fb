/** From when to when, by one clock; a span that has not ended yet reaches to Infinity. */
interface Span {
  readonly from: number;
  to: number;
}

/**
 * What a server that loads and unloads a model may have answered when. A change takes a while: while it is under way, both what was before and what is
 * after it are right.
 */
export class VersionLedger {
  readonly #aspired = new Map<number, Span[]>();
  readonly #serving: Span[] = [];

  /** The version may answer from here on. */
  aspire(version: number, now: number): void {
    const spans = this.#aspired.get(version) ?? [];
    if (spans.at(-1)?.to !== Number.POSITIVE_INFINITY) spans.push({ from: now, to: Number.POSITIVE_INFINITY });
    this.#aspired.set(version, spans);
  }

  /** No call that is sent after this may be answered by it. */
  retire(version: number, now: number): void {
    end(this.#aspired.get(version), now);
  }

  /** Some version or other answers every call from here on, */
  serve(now: number): void {
    this.#serving.push({ from: now, to: Number.POSITIVE_INFINITY });
  }

  /** and up to here. */
  cease(now: number): void {
    end(this.#serving, now);
  }

  /** Whether an answer of this version is right for a call of that time. */
  mayAnswer(version: number, sent: number, answered: number): boolean {
    return (this.#aspired.get(version) ?? []).some(({ from, to }) => from <= answered && to >= sent);
  }

  /** Whether a call of that time has to be answered, and not refused. */
  mustAnswer(sent: number, answered: number): boolean {
    return this.#serving.some(({ from, to }) => from <= sent && to >= answered);
  }
}

function end(spans: readonly Span[] | undefined, now: number): void {
  const last = spans?.at(-1);
  if (last !== undefined) last.to = Math.min(last.to, now);
}
