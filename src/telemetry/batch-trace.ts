import { type Attributes, type Link, ROOT_CONTEXT, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { ATTRIBUTES } from './attributes.js';
import { toEpoch } from './epoch.js';

/** One entry of a batch: its call's span where the call is sampled, and when it began to wait. */
export interface TracedMember {
  readonly span: Span | undefined;
  readonly enqueuedAt: number;
}

/** A batch that is over. Times are the clock's milliseconds. */
export interface TracedBatch {
  readonly model: string;
  readonly version: string;
  readonly rows: number;
  /** Why the batch closed. */
  readonly reason: string;
  readonly instance: string;
  /** When the batch was given its instance; until then its members waited. */
  readonly dispatchedAt: number;
  /** When the members had been joined and the run began. */
  readonly assembledAt: number;
  readonly executedAt: number;
  readonly error: Error | undefined;
}

/** The SDK's default; further links would be dropped there. */
const MAX_LINKS = 128;

type SampledMember = TracedMember & { readonly span: Span };

/**
 * Records a batch after the fact, so that nothing has to be carried through it. Each sampled member gets the children `queue` and
 * `execute`; the batch, which belongs to no single caller, gets a trace of its own, linked to its members' spans and from their
 * `execute` spans. Without a sampled member it returns at once.
 */
export function recordBatch(tracer: Tracer, members: readonly TracedMember[], batch: TracedBatch): void {
  if (!members.some(isSampledMember)) return;
  const sampled = members.filter(isSampledMember);
  const attributes = batchAttributes(batch, members.length, sampled.length);
  const batchSpan = tracer.startSpan(
    'batch',
    { root: true, startTime: toEpoch(batch.dispatchedAt), attributes, links: sampled.slice(0, MAX_LINKS).map(linkTo) },
    ROOT_CONTEXT,
  );
  for (const member of sampled) recordMember(tracer, member, batch, linkTo({ span: batchSpan }));
  endSpan(batchSpan, batch);
}

function recordMember(tracer: Tracer, { span, enqueuedAt }: SampledMember, batch: TracedBatch, batchLink: Link): void {
  const parent = trace.setSpan(ROOT_CONTEXT, span);
  tracer.startSpan('queue', { startTime: toEpoch(enqueuedAt) }, parent).end(toEpoch(batch.dispatchedAt));
  const attributes = { [ATTRIBUTES.batchRows]: batch.rows, [ATTRIBUTES.instance]: batch.instance };
  endSpan(tracer.startSpan('execute', { startTime: toEpoch(batch.assembledAt), attributes, links: [batchLink] }, parent), batch);
}

function endSpan(span: Span, { error, executedAt }: TracedBatch): void {
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  span.end(toEpoch(executedAt));
}

function batchAttributes(batch: TracedBatch, requests: number, sampled: number): Attributes {
  return {
    [ATTRIBUTES.model]: batch.model,
    [ATTRIBUTES.version]: batch.version,
    [ATTRIBUTES.batchRows]: batch.rows,
    [ATTRIBUTES.batchRequests]: requests,
    [ATTRIBUTES.batchSampled]: sampled,
    [ATTRIBUTES.batchReason]: batch.reason,
    [ATTRIBUTES.instance]: batch.instance,
  };
}

function isSampledMember(member: TracedMember): member is SampledMember {
  return member.span !== undefined;
}

function linkTo({ span }: { readonly span: Span }): Link {
  return { context: span.spanContext() };
}
